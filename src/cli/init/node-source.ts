import { excerpt } from './found-app.ts';

/** What the text of an entry shows: the framework and the line that says so. */
export interface NodeSource {
  kind: string;
  line: string | null;
  /** Whether it serves, as far as one can see. */
  certain: boolean;
}

interface Framework {
  package: string;
  kind: string;
  made: RegExp;
}

/** NestJS stands on others, so it is asked for first. */
const frameworks: readonly Framework[] = [
  { package: '@nestjs/core', kind: 'a NestJS app', made: /\bNestFactory\.create/ },
  { package: 'fastify', kind: 'a Fastify app', made: /\b[fF]astify\(/ },
  { package: 'koa', kind: 'a Koa app', made: /\bnew Koa\b/ },
  { package: 'hono', kind: 'a Hono app', made: /\bnew (?:Open\w+)?Hono\b/ },
  { package: 'express', kind: 'an Express app', made: /\bexpress\(\)/ },
];

const plain = 'a Node.js app';

/** A server of node:http, a (req, res) function, or a fetch handler. */
const serves =
  /\bcreateServer\(|\.listen\(|\(\s*_?req\w*\s*(?::[^,)]+)?,\s*_?res\w*|^\s*(?:async\s+)?fetch\s*[(:]/;

/** `packages` are those that package.json depends on. */
export function readNodeSource(source: string, packages: readonly string[]): NodeSource {
  const lines = source.split('\n').filter((line) => !/^\s*(?:\/\/|\*|\/\*)/.test(line));
  const used = frameworks.find(({ package: name }) => imports(source, name));
  const framework = used ?? frameworks.find(({ package: name }) => packages.includes(name));
  const line =
    lines.find((one) => framework?.made.test(one)) ?? lines.find((one) => serves.test(one));
  return {
    kind: framework?.kind ?? plain,
    line: line === undefined ? null : excerpt(line),
    certain: used !== undefined || line !== undefined,
  };
}

const imports = (source: string, name: string): boolean =>
  new RegExp(`(?:\\bfrom|\\brequire\\(|\\bimport\\(?)\\s*['"]${name}['"]`).test(source);
