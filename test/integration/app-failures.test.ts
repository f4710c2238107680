import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTsgun, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { writeFiles } from '../helpers/write-files.ts';

interface BadApp {
  files: Record<string, string>;
  app?: string;
  says: RegExp;
}

const badApps: Record<string, BadApp> = {
  'throws while it loads': {
    files: { 'app.js': '\nthrow new Error("no database");\n' },
    says: /Error: no database\n\s+at .*app\.js:2:7/,
  },
  'throws what is no error': {
    files: { 'app.js': 'throw "plain words";\n' },
    says: /plain words/,
  },
  'exports a promise that is rejected': {
    files: { 'app.js': '\n\nexport default Promise.reject(new Error("no luck"));\n' },
    says: /Error: no luck\n\s+at .*app\.js:3:31/,
  },
  'exports a factory that throws': {
    files: { 'app.js': 'export default () => {\n  throw new Error("no parts");\n};\n' },
    says: /Error: no parts\n\s+at .*app\.js:2:9/,
  },
  'imports a module with a syntax error': {
    files: { 'app.js': 'import "./part.js";\n', 'part.js': 'let a = 1;\nlet b = ;\n' },
    says: /part\.js:2\n[\s\S]*SyntaxError/,
  },
  'is CommonJS with a syntax error': {
    files: { 'app.cjs': 'let a = 1;\nlet b = ;\n' },
    app: 'app.cjs',
    says: /app\.cjs:2\n[\s\S]*SyntaxError/,
  },
  'is TypeScript with a syntax error': {
    files: { 'app.ts': 'let a: number = 1;\nlet b: number = ;\n' },
    app: 'app.ts',
    says: /app\.ts:2/,
  },
  'imports what a module does not export': {
    files: { 'app.js': '\nimport { nothing } from "./part.js";\n', 'part.js': 'export {};\n' },
    says: /app\.js:2\n[\s\S]*nothing/,
  },
  'imports a package that is not installed': {
    files: { 'app.js': 'import "not-installed";\n' },
    says: /Cannot find package 'not-installed' imported from .*app\.js/,
  },
  'waits for ever at its top level': {
    files: { 'app.js': 'await new Promise(() => {});\n' },
    says: /Cannot serve "app\.js": its module waits for something that never comes/,
  },
  'exports a promise that never settles': {
    files: { 'app.js': 'export default new Promise(() => {});\n' },
    says: /Cannot serve "app\.js": a promise or a function that it exports never settles/,
  },
  'exports only what cannot be served': {
    files: { 'app.js': 'export default class App {}\nexport const answer = 42;\n' },
    says: /Cannot serve "app\.js": it exports answer, default, never calls listen\(\)/,
  },
  'lacks the export that is named': {
    files: { 'app.js': 'export const api = 1, admin = 2;\n' },
    app: 'app.js:web',
    says: /Cannot find the export "web" in ".*app\.js": it exports admin, api/,
  },
  'has something else under the name': {
    files: { 'app.js': 'export const web = 42;\n' },
    app: 'app.js:web',
    says: /Cannot serve the export "web" of ".*app\.js": it is no app/,
  },
  'is a folder whose package.json names no file that is there': {
    files: { 'site/package.json': '{ "main": "lost.js" }' },
    app: 'site',
    says: /package\.json names "lost\.js"/,
  },
};

for (const [what, { files, app = 'app.js', says }] of Object.entries(badApps)) {
  test(`an app that ${what} ends the start with exit code 4 and one clear message`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), { 'package.json': '{ "type": "module" }', ...files });
    const args = ['-b', 'unix:app.sock', app];
    const { code, log } = await runTsgun(t, args, { cwd });
    assert.match(log, says);
    assert.doesNotMatch(log, /at .*src\/worker/, 'no frame of our own');
    assert.equal(code, 4);
  });

  test(`--check-config refuses an app that ${what}`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), { 'package.json': '{ "type": "module" }', ...files });
    const { code, log, stdout } = await runTsgun(t, ['--check-config', app], { cwd });
    assert.match(log + stdout, says);
    assert.notEqual(code, 0);
  });
}

test('--check-config accepts a script that listens, without a listener of any kind', async (t) => {
  const script = `
    import { createServer } from 'node:http';
    const server = createServer();
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.listen(1, '203.0.113.1');
  `;
  const cwd = writeFiles(makeTempDir(t), { 'app.mjs': script });
  const { code, log } = await runTsgun(t, ['--check-config', 'app.mjs'], { cwd });
  assert.equal(code, 0, log);
});

test('a script that fails after it has begun to listen dies of it, and Node says where', async (t) => {
  const script = `
    import { createServer } from 'node:http';
    const server = createServer((req, res) => res.end('hi')).listen(3000);
    await new Promise((resolve) => server.once('request', (req, res) => res.once('close', resolve)));
    throw new Error('too late');
  `;
  const cwd = writeFiles(makeTempDir(t), { 'app.mjs': script });
  const tsgun = await startTsgun(t, ['app.mjs'], { cwd });
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'hi');
  await tsgun.waitForLog(/app\.mjs:5$/m);
  await tsgun.waitForLog(/exited with code 1/);
});
