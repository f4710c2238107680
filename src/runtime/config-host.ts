import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { pathToFileURL } from 'node:url';
import { messageOf, stackOf } from '../core/errors.ts';
import type { FromConfigHost, ToConfigHost } from '../protocol/config-host.ts';
import { importConfig, type ScriptExports } from './import-config.ts';

// The main module of the process that a script config runs in, so that the operator's code can
// neither block nor break the arbiter. Its only argument is the file.

const [, , file = ''] = process.argv;

const say = (message: FromConfigHost): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

// Without the arbiter there is nobody to run hooks for.
process.once('disconnect', () => process.exit(0));

async function runHook(config: ScriptExports, message: ToConfigHost): Promise<void> {
  if (message.type !== 'hook') return;
  const { id, name, args } = message;
  try {
    const hook = config[name];
    if (typeof hook === 'function') await hook(...args);
    say({ type: 'hook-done', id });
  } catch (error) {
    say({ type: 'hook-failed', id, stack: stackOf(error) });
  }
}

/** Of a failure to load: its stack, without what is not the operator's. */
function describe(error: unknown): string {
  const failure = isUnplaced(error) ? placed(error) : error;
  const stack = stackOf(failure);
  const whole = stack.includes(messageOf(failure)) ? stack : `${messageOf(failure)}\n${stack}`;
  const foreign = /^\s+at .*(?:node:internal|(?:config-host|import-config)\.[jt]s)/;
  return whole
    .split('\n')
    .filter((line) => !foreign.test(line))
    .join('\n');
}

const isUnplaced = (error: unknown): error is SyntaxError =>
  error instanceof SyntaxError && !error.stack?.includes(file);

/** Node tells where an ES module cannot be parsed only as it dies of it; its type stripper tells us. */
function placed(error: SyntaxError): unknown {
  // Else it would also tell that it is experimental.
  process.removeAllListeners('warning');
  try {
    stripTypeScriptTypes(readFileSync(file, 'utf8'), { sourceUrl: pathToFileURL(file).href });
  } catch (precise) {
    return precise;
  }
  return new SyntaxError(`${error.message} (in a module that it imports)`, { cause: error });
}

// A load that nothing can finish any more ends the process, with Node's own exit code for it.
process.channel?.unref();
process.once('beforeExit', () => process.exit(13));
try {
  const config = await importConfig(file);
  const functions = Object.keys(config).filter((name) => typeof config[name] === 'function');
  const values = Object.fromEntries(
    Object.entries(config).filter(([, value]) => typeof value !== 'function'),
  );
  process.on('message', (message: ToConfigHost) => void runHook(config, message));
  process.channel?.ref();
  say({ type: 'config', values, functions });
} catch (error) {
  say({ type: 'failed', message: messageOf(error), stack: describe(error) });
}
