import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

const everyMs = 100;

/**
 * `spew`: prints which functions of the app were called and how often, from V8's own call counts
 * (inspector, Profiler domain). Code of Node and of packages is left out.
 */
export async function startSpew(print: (line: string) => void): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  print(`spew: calls of the app's functions, counted by V8, every ${everyMs} ms`);
  const look = async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    for (const { url, functions } of result) {
      if (!url.startsWith('file://') || url.includes('/node_modules/') || isOurs(url)) continue;
      for (const { functionName, ranges } of functions) {
        const [range] = ranges;
        if (!range || range.count === 0 || functionName === '') continue;
        print(`spew: ${describe(url, range.startOffset)} ${functionName} x${range.count}`);
      }
    }
  };
  setInterval(() => void look(), everyMs).unref();
}

const ours = new URL('..', import.meta.url).href;
const isOurs = (url: string): boolean => url.startsWith(ours);

const sources = new Map<string, string>();

function describe(url: string, offset: number): string {
  const file = fileURLToPath(url);
  let source = sources.get(file);
  if (source === undefined) {
    try {
      source = readFileSync(file, 'utf8');
    } catch {
      source = '';
    }
    sources.set(file, source);
  }
  return `${file}:${source.slice(0, offset).split('\n').length}`;
}
