import { arbiterHooks, workerHooks } from '../src/protocol/config-host.ts';

interface HookText {
  parameters: string;
  text: string;
}

const inArbiter: Record<(typeof arbiterHooks)[number], HookText> = {
  onStarting: {
    parameters: 'server',
    text: 'Before the first worker is started. The start waits for it.',
  },
  onReload: { parameters: 'server', text: 'A reload has begun.' },
  whenReady: {
    parameters: 'server',
    text: 'The first workers serve, and `server.addresses` has the ports they really got.',
  },
  preFork: {
    parameters: 'server, worker',
    text: 'Before a worker is started, which waits for it; `worker.slot` is its number.',
  },
  preExec: {
    parameters: 'server',
    text: 'Before an upgrade starts the new program, which waits for it.',
  },
  childExit: {
    parameters: 'server, worker',
    text: 'A worker has ended: `worker` has `slot`, `pid`, `generation`, `reason`, `code` and `signal`.',
  },
  nworkersChanged: {
    parameters: 'server, now, before',
    text: 'The number of workers that should be was changed.',
  },
  onExit: { parameters: 'server', text: 'All workers have left; the end waits for it.' },
};

const inWorker: Record<(typeof workerHooks)[number], HookText> = {
  postFork: { parameters: 'worker', text: 'The worker has begun, and its app is not loaded yet.' },
  postWorkerInit: {
    parameters: 'worker',
    text: 'The app is loaded. The worker counts as ready when it is over.',
  },
  workerInt: { parameters: 'worker', text: 'The worker was told to leave at once.' },
  workerAbort: {
    parameters: 'worker',
    text: 'The worker hangs and will be killed. It runs in the middle of what hangs, so it cannot wait for anything.',
  },
  workerExit: { parameters: 'worker', text: 'The worker leaves.' },
  preRequest: { parameters: 'worker, req', text: 'Before each request. Nobody waits for it.' },
  postRequest: {
    parameters: 'worker, req, res',
    text: 'After each request. Nobody waits for it.',
  },
};

const list = (names: readonly string[], texts: Readonly<Record<string, HookText>>): string =>
  names
    .map((name) => `\`${name}\`(*${texts[name]?.parameters}*)\n:   ${texts[name]?.text}`)
    .join('\n\n');

export const listArbiterHooks = (): string => list(arbiterHooks, inArbiter);

export const listWorkerHooks = (): string => list(workerHooks, inWorker);
