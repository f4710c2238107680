import { defineConfig } from 'tsgun';

// `npm start` serves this from the top folder of the repository.
export default defineConfig({
  app: 'examples/hello.js',
  bind: ['127.0.0.1:8000'],
  workers: 2,
  whenReady(server) {
    const url = `http://${server.addresses[0]}`;
    const hints = [
      [`curl ${url}/`, 'answered by one of the workers'],
      [`curl ${url}/sleep`, 'takes a second: reload meanwhile'],
      [`kill -HUP ${server.pid}`, 'reload: no request is lost'],
      [`kill -TTIN ${server.pid}`, 'one worker more (TTOU: one less)'],
    ];
    const lines = hints.map(([command = '', effect]) => `    ${command.padEnd(36)}${effect}`);
    console.log(`
  ${server.workers} workers serve examples/hello.js. Try in another terminal:

${lines.join('\n')}

  Ctrl-C stops it.
`);
  },
});
