import type { TestContext } from 'node:test';
import { ControlClient } from '../../ctl/client.ts';
import { TsgunError } from '../../src/core/errors.ts';
import type { StatusView } from '../../src/protocol/control/views.ts';
import type { Tsgun } from './start-tsgun.ts';
import { waitFor } from './wait-for.ts';

/** Where the instance says that it is controlled; of several, the last. */
export function controlPath(tsgun: Tsgun): string {
  const path = [...tsgun.log.matchAll(/Control socket: (\S+)/g)].at(-1)?.[1];
  if (path === undefined) throw new Error(`No control socket in the log:\n${tsgun.log}`);
  return path;
}

/** A connection of its own, as soon as there is a socket; closed by the test. */
export async function connectControl(t: TestContext, tsgun: Tsgun): Promise<ControlClient> {
  await tsgun.waitForLog(/Control socket: /);
  return connectTo(t, controlPath(tsgun));
}

export async function connectTo(t: TestContext, path: string): Promise<ControlClient> {
  const client = await ControlClient.connect(path);
  t.after(() => client.close());
  return client;
}

/** What a call is refused with, or fails with. */
export async function failureOf(call: Promise<unknown>): Promise<TsgunError> {
  const result = await call.catch((error: unknown) => error);
  if (result instanceof TsgunError) return result;
  throw new Error(`Expected a failure, got ${JSON.stringify(result)}`);
}

/** Polls `status` until it is as wanted. */
export const waitForStatus = (
  what: string,
  client: ControlClient,
  check: (status: StatusView) => boolean,
): Promise<StatusView> =>
  waitFor(what, async () => {
    const status = await client.call('status', {});
    return check(status) ? status : null;
  });
