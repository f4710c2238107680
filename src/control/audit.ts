import { headline, messageOf, stackOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { Setting } from '../settings/define.ts';
import { findSetting } from '../settings/resolve.ts';
import { table } from '../settings/table.ts';
import type { Connection } from './connection.ts';

const longest = 400;

const shorten = (text: string): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;

const nameCaller = ({ peer, client }: Connection): string =>
  `by uid ${peer.uid} pid ${peer.pid}${client === null ? '' : ` (${client})`}`;

/** Who has asked for what. */
export function logCall(log: Log, method: string, params: object, connection: Connection): void {
  const given = shorten(JSON.stringify(maskSecret(params)));
  log({ level: 'info', message: `Control: ${method} ${given} ${nameCaller(connection)}` });
}

/** What may be a secret is not written down, even where it is refused: a name can be mistyped. */
function maskSecret(params: object): object {
  if (!('name' in params) || !('value' in params)) return params;
  const name = findSetting(String(params.name));
  const setting: Setting<unknown> | undefined = name && table[name];
  return setting && !setting.secret ? params : { ...params, value: '***' };
}

/** In one line, although the reason may come with the stack of an app. */
export function logFailure(log: Log, method: string, error: unknown, caller: Connection): void {
  const reason = shorten(headline(messageOf(error)));
  const message = `Control: ${method} ${nameCaller(caller)} failed: ${reason}`;
  log({ level: 'info', message });
}

/** What should never happen: the caller only learns that it did. */
export function logFault(log: Log, what: string, error: unknown): void {
  log({ level: 'error', message: `Control: ${what} has failed unexpectedly: ${stackOf(error)}` });
}
