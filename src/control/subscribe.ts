import { TsgunError } from '../core/errors.ts';
import { logLevels } from '../core/logger.ts';
import type { Params, Result } from '../protocol/control/methods.ts';
import type { Connection } from './connection.ts';
import type { Feed, Subscription, Topic } from './feed.ts';

export type Feeds = Readonly<Record<Topic, Feed>>;

export interface Subscribed {
  result: Result<'subscribe'>;
  subscription: Subscription;
}

type Wanted = Params<'subscribe'>;

/** From where a subscriber starts: what it wants, as far as it is remembered. */
export function subscribe(
  feeds: Feeds,
  epoch: string,
  wanted: Wanted,
  connection: Connection,
): Subscribed {
  const { topic } = wanted;
  checkCombination(wanted);
  const feed = feeds[topic];
  const rank = wanted.level === undefined ? 0 : logLevels.indexOf(wanted.level);
  const { seq, lost } = findStart(feed, epoch, wanted, rank);
  const subscription = feed.subscribe(connection, rank, seq);
  return { result: { topic, epoch, seq, lost }, subscription };
}

function checkCombination({ topic, since, tail, level }: Wanted): void {
  if (since !== undefined && tail !== undefined)
    throw refuse('"since" and "tail" exclude each other');
  if (level !== undefined && topic !== 'log') throw refuse('"level" is only for the topic "log"');
}

const refuse = (why: string): TsgunError =>
  new TsgunError('TSGUN_E_USAGE', `Cannot call "subscribe": ${why}`);

function findStart(
  { ring }: Feed,
  epoch: string,
  { since, epoch: ofSince = epoch, tail }: Wanted,
  rank: number,
) {
  if (tail !== undefined) return { seq: tail === 0 ? ring.seq : ring.before(tail, rank), lost: 0 };
  if (since === undefined) return { seq: ring.seq, lost: 0 };
  // A number of another epoch, as one from the future must be: all of this one is news.
  const seen = ofSince === epoch && since <= ring.seq ? since : 0;
  const seq = Math.max(seen, ring.forgotten);
  return { seq, lost: seq - seen };
}
