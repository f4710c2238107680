import type { ReadStream } from 'node:tty';
import type { Clock } from '../../src/core/clock.ts';
import { type Key, parseKeys } from './keys.ts';

/** How long the rest of a key's sequence may take on a slow line. */
const sequenceMs = 50;

/** Calls back for each key; the returned function ends that. */
export function listenForKeys(
  input: ReadStream,
  clock: Clock,
  onKey: (key: Key) => void,
): () => void {
  let rest = '';
  let cancel = () => {};
  const take = (text: string, last: boolean): void => {
    const parsed = parseKeys(text, last);
    rest = parsed.rest;
    for (const key of parsed.keys) onKey(key);
  };
  const onData = (data: Buffer | string): void => {
    cancel();
    take(rest + (typeof data === 'string' ? data : data.toString('latin1')), false);
    cancel = rest === '' ? () => {} : clock.after(sequenceMs, () => take(rest, true));
  };
  input.on('data', onData);
  return () => {
    cancel();
    input.removeListener('data', onData);
  };
}
