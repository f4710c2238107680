import { setTimeout as delay } from 'node:timers/promises';
import { controlExitCodes, TsgunError } from '../../src/core/errors.ts';
import type { StatusView } from '../../src/protocol/control/views.ts';
import { ControlClient } from '../client.ts';
import type { Globals } from '../command-line/globals.ts';
import { pathsOf } from '../instances/connect.ts';
import { formatDuration } from '../output/format.ts';
import type { Condition } from './condition.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Run } from './run.ts';

/** What changes without an event is seen after this at the latest. */
const lookAgainMs = 5000;
/** How often to try whether an instance that does not run has been started. */
const knockMs = 200;

/** Time is up, and the instance is degraded: an exit code of its own. */
class StillDegraded extends TsgunError {
  override get controlExitCode() {
    return controlExitCodes.degraded;
  }
}

/** The status that meets the condition; null when that is the end of the instance. */
export async function waitForState(
  run: Run,
  globals: Globals,
  condition: Condition,
): Promise<StatusView | null> {
  const watch = new Watch(condition);
  try {
    const client = await openIfThere(run, globals, condition);
    const paths = client ? [client.path] : pathsOf(globals);
    const watching = watch.watch(client, paths);
    return await untilImpatient(watching, globals.timeoutMs);
  } catch (error) {
    throw describeTimeout(error, globals.timeoutMs, condition, watch.last);
  } finally {
    watch.close();
  }
}

/** Null when it does not run, and that is all to know, or it is known where it would. */
async function openIfThere(
  run: Run,
  globals: Globals,
  condition: Condition,
): Promise<ControlClient | null> {
  try {
    return await openInstance(run, globals);
  } catch (error) {
    const absent = error instanceof TsgunError && error.code === 'TSGUN_E_NOT_RUNNING';
    if (absent && (condition.isMet(null) || pathsOf(globals).length > 0)) return null;
    throw error;
  }
}

/** Looks whenever something happened, across restarts. */
class Watch {
  last: StatusView | null = null;
  readonly #condition: Condition;
  readonly #closing = new AbortController();

  constructor(condition: Condition) {
    this.#condition = condition;
  }

  async watch(begun: ControlClient | null, paths: readonly string[]): Promise<StatusView | null> {
    let client = begun;
    for (;;) {
      const met = client ? await this.#watchOne(client) : this.#condition.isMet(null);
      client?.close();
      if (met) return client ? this.last : null;
      if (client === null) await delay(knockMs, null, { signal: this.#closing.signal });
      client = await knock(paths);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  /** Whether the condition was met before the connection ended. */
  async #watchOne(client: ControlClient): Promise<boolean> {
    let happened = Promise.withResolvers<void>();
    client.on('event', () => happened.resolve());
    const { signal } = this.#closing;
    const ended = client.closed.then(() => true);
    try {
      await client.call('subscribe', { topic: 'events' });
      while (!signal.aborted) {
        happened = Promise.withResolvers<void>();
        this.last = await client.call('status', {});
        if (this.#condition.isMet(this.last)) return true;
        const timer = setTimeout(happened.resolve, lookAgainMs);
        const over = await Promise.race([ended, happened.promise.then(() => false)]);
        clearTimeout(timer);
        if (over) break;
      }
    } catch (error) {
      const lost = error instanceof TsgunError && error.code === 'TSGUN_E_LOST';
      if (!lost && !signal.aborted) throw error;
    } finally {
      client.close();
    }
    return false;
  }
}

/** The first that answers; null when none does. */
async function knock(paths: readonly string[]): Promise<ControlClient | null> {
  for (const path of paths) {
    try {
      return await ControlClient.connect(path);
    } catch (error) {
      if (!(error instanceof TsgunError) || error.code === 'TSGUN_E_DENIED') throw error;
    }
  }
  return null;
}

function describeTimeout(
  error: unknown,
  timeoutMs: number | null,
  { name }: Condition,
  last: StatusView | null,
): unknown {
  const timedOut = error instanceof TsgunError && error.code === 'TSGUN_E_TIMEOUT';
  if (!timedOut || timeoutMs === null) return error;
  const state = last === null ? 'does not answer' : `is ${stateOf(last)}`;
  const message = `Not ${name} within ${formatDuration(timeoutMs)}: ${last?.instance ?? 'the instance'} ${state}`;
  const detail = { condition: name, status: last };
  return last?.degraded
    ? new StillDegraded('TSGUN_E_TIMEOUT', message, { detail })
    : new TsgunError('TSGUN_E_TIMEOUT', message, { detail });
}

const stateOf = ({ mode, degraded, paused, generation }: StatusView): string =>
  `${degraded ? 'degraded' : paused ? 'paused' : mode}, generation ${generation}`;
