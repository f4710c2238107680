import type { JSONRPCRequest, JSONRPCResponse, JSONRPCServer } from 'json-rpc-2.0';
import { TsgunError } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { logFault } from './audit.ts';
import type { Connection } from './connection.ts';
import type { Call } from './connection-methods.ts';
import { toErrorResponse } from './error-response.ts';
import type { Limits } from './limits.ts';
import { type Entry, parseMessage } from './parse-message.ts';

export interface AnswerOptions {
  dispatcher: JSONRPCServer<Call>;
  limits: Limits;
  log: Log;
  /** A request is begun, or was one too many. */
  taken(): void;
  refused(): void;
}

type Answer = JSONRPCResponse | null;

/** Takes one line of a caller to its answer. */
export function answerLine(options: AnswerOptions, line: string, connection: Connection): void {
  // A fault of ours must not end more than this connection.
  const giveUp = (error: unknown) => {
    logFault(options.log, 'an answer', error);
    connection.destroy();
  };
  try {
    begin(options, line, connection)?.catch(giveUp);
  } catch (error) {
    giveUp(error);
  }
}

/** What needs no work is answered before the next line is looked at, so that it counts as queued. */
function begin(
  options: AnswerOptions,
  line: string,
  connection: Connection,
): Promise<void> | undefined {
  const { isBatch, entries } = parseMessage(line, options.limits.batch);
  const call: Call = { connection, afterAnswer: [] };
  const before = connection.inFlight;
  const answers = entries.map((entry) => answerEntry(options, entry, call));
  const begun = connection.inFlight - before;
  if (begun === 0) {
    write(options, { isBatch, answers: answers.filter(isReady) }, call);
    return undefined;
  }
  return Promise.all(answers.map((each) => Promise.resolve(each))).then((all) => {
    write(options, { isBatch, answers: all }, call);
    connection.done(begun);
  });
}

const isReady = (answer: Answer | Promise<Answer>): answer is Answer =>
  !(answer instanceof Promise);

function answerEntry(options: AnswerOptions, entry: Entry, call: Call): Answer | Promise<Answer> {
  if ('problem' in entry) return toErrorResponse(entry.id, entry.problem);
  const { connection } = call;
  if (connection.inFlight >= options.limits.inFlight) return refuse(options, entry.request);
  options.taken();
  connection.begin();
  return Promise.resolve(options.dispatcher.receive(entry.request, call));
}

function refuse({ refused, limits }: AnswerOptions, { id }: JSONRPCRequest): Answer {
  refused();
  if (id === undefined) return null;
  const message = `Cannot take more than ${limits.inFlight} requests at once`;
  return toErrorResponse(id, new TsgunError('TSGUN_E_BUSY', message));
}

function write(
  { log }: AnswerOptions,
  { isBatch, answers }: { isBatch: boolean; answers: readonly Answer[] },
  { connection, afterAnswer }: Call,
): void {
  const lines = answers.flatMap((answer) => (answer === null ? [] : [render(log, answer)]));
  if (lines.length > 0) connection.send(`${isBatch ? `[${lines.join(',')}]` : lines[0]}\n`);
  for (const act of afterAnswer) if (connection.isOpen) act();
}

/** Whatever a method answers with, the caller gets JSON. */
function render(log: Log, answer: JSONRPCResponse): string {
  try {
    return JSON.stringify(answer);
  } catch (error) {
    logFault(log, 'an answer', error);
    return JSON.stringify(toErrorResponse(answer.id, error));
  }
}
