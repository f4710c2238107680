import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { toPackageVersion } from './changelog.ts';
import { makeDeb } from './deb.ts';
import { type Architecture, architectures, type Format, release } from './manifest.ts';
import type { Order } from './order.ts';
import { makeRpm } from './rpm.ts';

const usage = `Usage: npm run package -- [deb] [rpm] [OPTION]...
Makes packages, both kinds unless one is named, and prints their paths.

  --out DIR       where they go (dist/packages)
  --version V     instead of that in package.json
  --arch ARCH     x64 or arm64, whose modules have to be installed (that of this machine)
  --fast          compress quickly, for tests
  --help
`;

const makers = { deb: makeDeb, rpm: makeRpm };
const root = path.resolve(import.meta.dirname, '..');

interface Request {
  formats: readonly Format[];
  order: Order;
  out: string;
  fast: boolean;
}

function readRequest(args: readonly string[]): Request | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: 'string', default: path.join(root, 'dist/packages') },
      version: { type: 'string', default: readManifest().version },
      arch: { type: 'string', default: process.arch },
      fast: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { version } = values;
  if (!/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version)) throw new Error(`"${version}" is no version`);
  const architecture = architectures[values.arch];
  if (!architecture) throw new Error(`--arch is ${Object.keys(architectures).join(' or ')}`);
  const edition = { version: toPackageVersion(version), release, time: readTime() };
  return {
    formats: positionals.length === 0 ? ['deb', 'rpm'] : positionals.map(toFormat),
    order: { root, architecture, edition, version, nodeVersion: pinnedNode(architecture) },
    out: path.resolve(values.out),
    fast: values.fast,
  };
}

function toFormat(word: string): Format {
  if (word === 'deb' || word === 'rpm') return word;
  throw new Error(`"${word}" is no kind of package: deb or rpm`);
}

const readManifest = (): { version: string; optionalDependencies: Record<string, string> } =>
  JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

const pinnedNode = ({ node }: Architecture): string =>
  readManifest().optionalDependencies[`node-linux-${node}`] ?? '';

/** Of everything in the package: as the caller says, or that of the last change. */
function readTime(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return Number(given);
  if (!existsSync(path.join(root, '.git'))) {
    return Math.floor(statSync(path.join(root, 'CHANGELOG.md')).mtimeMs / 1000);
  }
  const log = ['-c', 'safe.directory=*', '-C', root, 'log', '-1', '--format=%ct'];
  return Number(execFileSync('git', log, { encoding: 'utf8' }));
}

function build({ formats, order, out, fast }: Request): void {
  if (!existsSync(path.join(root, 'dist/ctl/main.js')))
    throw new Error('There is nothing to package yet: run "npm run build"');
  mkdirSync(out, { recursive: true });
  // rpmbuild cannot work in a path with blanks, which that of `out` may be.
  const work = mkdtempSync(path.join(process.env['TMPDIR'] ?? '/var/tmp', 'tsgun-package-'));
  try {
    for (const format of formats) {
      process.stdout.write(`${makers[format](order, work, { out, fast })}\n`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  process.umask(0o022);
  // The tool that runs gets it too and fails, so that what was made is removed.
  process.on('SIGINT', () => undefined);
  const request = readRequest(process.argv.slice(2));
  if (request) build(request);
  else process.stdout.write(usage);
} catch (error) {
  process.stderr.write(`package: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
