import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileOfScript } from '../../../../src/cli/init/node-manifest.ts';
import { readNodeSource } from '../../../../src/cli/init/node-source.ts';

const sources: [source: string, kind: string, line: string | null][] = [
  [
    "import express from 'express';\nconst app = express();",
    'an Express app',
    'const app = express();',
  ],
  ['const app = require("express")();', 'an Express app', null],
  [
    "import Fastify from 'fastify';\nconst app = Fastify({ logger: true });",
    'a Fastify app',
    'const app = Fastify({ logger: true });',
  ],
  ["const Koa = require('koa');\nconst app = new Koa();", 'a Koa app', 'const app = new Koa();'],
  [
    "import { Hono } from 'hono';\nconst app = new Hono<Env>();",
    'a Hono app',
    'const app = new Hono<Env>();',
  ],
  [
    "import { NestFactory } from '@nestjs/core';\nimport express from 'express';\nconst app = await NestFactory.create(AppModule);",
    'a NestJS app',
    'const app = await NestFactory.create(AppModule);',
  ],
  [
    'export default (req, res) => res.end();',
    'a Node.js app',
    'export default (req, res) => res.end();',
  ],
  ['export default {\n  fetch(request) {', 'a Node.js app', 'fetch(request) {...'],
  ['createServer(handle).listen(80)', 'a Node.js app', 'createServer(handle).listen(80)'],
];

for (const [source, kind, line] of sources) {
  test(`readNodeSource() finds ${kind} in ${JSON.stringify(source)}`, () => {
    assert.deepEqual(readNodeSource(source, []), { kind, line, certain: true });
  });
}

test('readNodeSource() is not certain of what only lies in the right place', () => {
  const library = 'export const add = (a, b) => a + b;';
  assert.deepEqual(readNodeSource(library, []), {
    kind: 'a Node.js app',
    line: null,
    certain: false,
  });
  assert.equal(readNodeSource("import './boot.js';", ['koa']).kind, 'a Koa app');
  assert.equal(readNodeSource('// const app = express();', []).certain, false);
  assert.equal(readNodeSource("import x from 'express-like';", []).certain, false);
});

const scripts: [script: string, file: string | null][] = [
  ['node server.js', 'server.js'],
  ['node .', '.'],
  ['NODE_ENV=production node --env-file=.env -r dotenv/config ./bin/www --port 1', './bin/www'],
  ['node --import ./tracing.mjs dist/main', 'dist/main'],
  ['npm run build && node "dist/index.js"', 'dist/index.js'],
  ['tsx watch src/server.ts', 'src/server.ts'],
  ['cross-env A=b nodemon app', 'app'],
  ['nest start', null],
  ['next start', null],
  ['node', null],
  ['', null],
];

for (const [script, file] of scripts) {
  test(`fileOfScript() of ${JSON.stringify(script)} is ${file}`, () => {
    assert.equal(fileOfScript(script), file);
  });
}
