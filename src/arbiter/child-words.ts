import type { Log } from '../core/logger.ts';
import { describeInFlight } from '../metrics/in-flight.ts';
import { parseFromGateway } from '../protocol/from-gateway.ts';
import type { FromGateway } from '../protocol/gateway.ts';
import { type Beat, type FromWorker, parseFromWorker } from '../protocol/worker.ts';
import type { ArbiterEvent } from './event.ts';
import type { LastWords } from './last-words.ts';
import type { Reports } from './reports.ts';
import type { ChildId, Place } from './state.ts';

export interface WordsOptions {
  log: Log;
  push(event: ArbiterEvent): void;
  onBeat(child: ChildId, beat: Beat): void;
  reports: Reports;
  lastWords: LastWords;
}

export interface Speaker extends Place {
  id: ChildId;
  pid: number | undefined;
}

/** Hears one message; the type of what only a running child says, null of anything else. */
export type Hear = (speaker: Speaker, message: unknown) => FromWorker['type'] | null;

/** Makes events of what children say. */
export function createEars(options: WordsOptions): Hear {
  return (speaker, message) => {
    const word = parseFromWorker(message);
    if (word) hearChild(options, speaker, word);
    else if (speaker.role === 'gateway') hearOfWorker(options, parseFromGateway(message));
    return word?.type ?? null;
  };
}

function hearChild(options: WordsOptions, speaker: Speaker, message: FromWorker): void {
  const { log, push } = options;
  const { id: child, pid, role, slot } = speaker;
  switch (message.type) {
    case 'ready':
    case 'leaving':
    case 'parked':
    case 'unparked':
      return push({ ...message, child });
    case 'failed': {
      const { type, ...failure } = message;
      return push({ type, child, failure });
    }
    case 'beat': {
      const { type, inFlight, requests, connections, rssBytes, lagMs } = message;
      options.onBeat(child, message);
      return push({ type, child, vitals: { inFlight, requests, connections, rssBytes, lagMs } });
    }
    case 'requests': {
      const { id, requests } = message;
      options.reports.hear(child, id, requests);
      if (id === 0) options.lastWords.hear(child, requests.map(describeInFlight));
      return;
    }
    case 'log': {
      const { level, message: text } = message;
      return log({ level, message: text, ...(role === 'worker' && { slot }), ...(pid && { pid }) });
    }
    case 'drained': // its exit follows, and says all
  }
}

function hearOfWorker({ push, lastWords }: WordsOptions, message: FromGateway | undefined): void {
  switch (message?.type) {
    case 'overdue': {
      const { type, child } = message;
      return push({ type, child, request: describeInFlight({ ...message, client: null }) });
    }
    case 'broken':
      return push(message);
    case 'lost':
      return lastWords.hear(message.child, message.requests);
    default: // nothing that we know
  }
}
