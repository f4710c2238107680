import type { Clock } from '../core/clock.ts';
import type { ConnectionMethod, Params, Result } from '../protocol/control/methods.ts';
import { methodNames, methodOf } from '../protocol/control/methods.ts';
import type { Connection } from './connection.ts';
import { describeMethods } from './discover.ts';
import { type Feeds, subscribe } from './subscribe.ts';

export interface Instance {
  name: string;
  version: string;
}

/** One request on its way to its answer. */
export interface Call {
  connection: Connection;
  /** Done when the answer has been written. */
  afterAnswer: (() => void)[];
}

export type ConnectionApi = {
  [M in ConnectionMethod]: (params: Params<M>, call: Call) => Result<M>;
};

/** Changes only when old clients would misunderstand. */
const protocol = 1;
const longestName = 64;

/** What the server answers by itself: all that concerns only the caller's connection. */
export function createConnectionMethods(
  instance: Instance,
  feeds: Feeds,
  epoch: string,
  clock: Clock,
): ConnectionApi {
  const startedAt = clock.now();
  let described: unknown;
  return {
    hello: ({ client }, { connection }) => greet(instance, connection, client),
    ping: () => ({ pid: process.pid, uptimeMs: Math.round(clock.now() - startedAt) }),
    subscribe(params, { connection, afterAnswer }) {
      const { result, subscription } = subscribe(feeds, epoch, params, connection);
      afterAnswer.push(() => feeds[params.topic].start(subscription));
      return result;
    },
    unsubscribe: ({ topic }, { connection }) => ({
      topic,
      subscribed: feeds[topic].unsubscribe(connection),
    }),
    'rpc.discover'() {
      described ??= describeMethods(instance.version);
      return described;
    },
  };
}

function greet(
  { name, version }: Instance,
  connection: Connection,
  client: string | undefined,
): Result<'hello'> {
  if (client !== undefined) connection.client = client.slice(0, longestName);
  const { role } = connection;
  return {
    name: 'tsgun',
    version,
    protocol,
    instance: name,
    pid: process.pid,
    role,
    methods: methodNames.filter((each) => role === 'admin' || methodOf(each).role === role),
  };
}
