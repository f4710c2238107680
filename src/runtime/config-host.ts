import { pathToFileURL } from 'node:url';
import { messageOf, stackOf } from '../core/errors.ts';
import type { FromConfigHost, ToConfigHost } from '../protocol/config-host.ts';

// The main module of the process that a script config runs in, so that the operator's code can
// neither block nor break the arbiter. Its only argument is the file.

const [, , file = ''] = process.argv;

const say = (message: FromConfigHost): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

// Without the arbiter there is nobody to run hooks for.
process.once('disconnect', () => process.exit(0));

type Config = Record<string, unknown>;

/** A default export, or a function or promise of one, counts; else the named exports do. */
async function load(): Promise<Config> {
  const module: Config = await import(pathToFileURL(file).href);
  if (!('default' in module)) return { ...module };
  const exported = await module['default'];
  const config: unknown = typeof exported === 'function' ? await exported() : exported;
  if (typeof config !== 'object' || config === null) {
    throw new Error(
      `its default export is no object, but ${config === null ? 'null' : typeof config}`,
    );
  }
  return { ...config };
}

async function runHook(config: Config, { id, name, args }: ToConfigHost): Promise<void> {
  try {
    const hook = config[name];
    if (typeof hook === 'function') await hook(...args);
    say({ type: 'hook-done', id });
  } catch (error) {
    say({ type: 'hook-failed', id, stack: stackOf(error) });
  }
}

/** Where a file that cannot be parsed is wrong stands in front of its stack. */
const describe = (error: unknown): string => {
  const stack = stackOf(error);
  return stack.includes(messageOf(error)) ? stack : `${messageOf(error)}\n${stack}`;
};

try {
  const config = await load();
  const functions = Object.keys(config).filter((name) => typeof config[name] === 'function');
  const values = Object.fromEntries(
    Object.entries(config).filter(([, value]) => typeof value !== 'function'),
  );
  process.on('message', (message: ToConfigHost) => void runHook(config, message));
  say({ type: 'config', values, functions });
} catch (error) {
  say({ type: 'failed', message: messageOf(error), stack: describe(error) });
  // Only Node itself knows where a module cannot be parsed, and tells it as it dies of it.
  if (error instanceof SyntaxError) {
    setImmediate(() => {
      throw error;
    });
  }
}
