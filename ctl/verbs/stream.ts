import { controlExitCodes } from '../../src/core/errors.ts';
import { logLevels } from '../../src/core/logger.ts';
import { choice, int } from '../../src/core/schema.ts';
import type { Params } from '../../src/protocol/control/methods.ts';
import type { EventView, LogView } from '../../src/protocol/control/views.ts';
import { type Globals, readFlag, usageError } from '../command-line/globals.ts';
import type { RawLine } from '../command-line/raw-line.ts';
import { toJson } from '../output/json.ts';
import type { Line } from '../output/look.ts';
import { renderValue } from '../output/pick.ts';
import {
  choosePaint,
  outputBroken,
  printResult,
  renderLines,
  showBare,
  wantsColor,
} from '../output/print.ts';
import { renderEvent, renderLog } from '../render/streams.ts';
import type { Paint } from '../terminal/paint.ts';
import { Follower } from './follow.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Outcome, Run } from './run.ts';

interface Topic<T> {
  name: Params<'subscribe'>['topic'];
  render(record: T): Line[];
}

export const showEvents = (run: Run, invocation: Invocation): Promise<Outcome | number> =>
  show<EventView>(run, invocation, { name: 'events', render: renderEvent });

export const showLogs = (run: Run, invocation: Invocation): Promise<Outcome | number> =>
  show<LogView>(run, invocation, { name: 'log', render: renderLog });

/** What `tail` shows before it follows. */
const linesBefore = 10;

async function show<T extends { seq: number }>(
  run: Run,
  { line, globals }: Invocation,
  topic: Topic<T>,
): Promise<Outcome | number> {
  const follows = line.flags['--follow'] === true;
  const wanted = readWanted(line, follows);
  if (follows && globals.output === 'json') {
    throw usageError('--follow has no end, and -o json needs one: use -o jsonl');
  }
  const client = await openInstance(run, globals);
  try {
    if (!follows) return await untilImpatient(collect(client, wanted, topic), globals.timeoutMs);
    const paint = await choosePaint(wantsColor(globals.color));
    const write = (record: T) => printResult(renderRecord(record, globals, topic, paint));
    const follower = new Follower<T>(topic.name, write);
    const stream = follower.begin(client, wanted).then(() => follower.goOn(client, wanted));
    await untilImpatient(Promise.race([stream, outputBroken]), globals.timeoutMs);
    return controlExitCodes.done;
  } finally {
    client.close();
  }
}

/** What is remembered. */
async function collect<T extends { seq: number }>(
  client: Parameters<Follower<T>['begin']>[0],
  wanted: Wanted,
  { name, render }: Topic<T>,
): Promise<Outcome> {
  const records: T[] = [];
  await new Follower<T>(name, (record) => records.push(record)).begin(client, wanted);
  // After its answer nothing more of the topic comes.
  await client.call('unsubscribe', { topic: name });
  return {
    data: records,
    exit: controlExitCodes.done,
    view: { lines: () => records.flatMap(render), rows: () => records },
  };
}

type Wanted = Omit<Params<'subscribe'>, 'topic'>;

function readWanted(line: RawLine, follows: boolean): Wanted {
  const since = readFlag(line, '--since', int({ max: 2 ** 53 - 1 }));
  const tail = readFlag(line, '--lines', int());
  const level = readFlag(line, '--level', choice(...logLevels));
  if (since !== undefined && tail !== undefined) {
    throw usageError('--since and --lines say both where to begin, only one can be given');
  }
  const begin = since === undefined ? { tail: tail ?? (follows ? linesBefore : 1e9) } : { since };
  return { ...begin, ...(level !== undefined && { level }) };
}

function renderRecord<T>(record: T, globals: Globals, { render }: Topic<T>, paint: Paint): string {
  switch (globals.output) {
    case 'json':
    case 'jsonl':
      return `${toJson(record)}\n`;
    case 'value':
      return showBare(renderValue(record, globals.field));
    case 'table':
      return renderLines(render(record), paint, null);
  }
}
