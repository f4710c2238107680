import type { Notice } from '../src/arbiter/event.ts';
import { defaultLimits, type Limits } from '../src/control/limits.ts';
import { type ErrorCode, errorCodes, explainError, TsgunError } from '../src/core/errors.ts';

const events = {
  serving: 'The first workers serve.',
  'reload-started': 'A reload to `generation` has begun.',
  'reload-switched':
    'All workers of `generation` serve. With `confirmMs` the old ones are parked for so long.',
  'reload-done': 'The old generation is gone.',
  'reload-failed': 'Generation `kept` serves on; `reason` tells why.',
  'rolled-back': 'Generation `kept` serves again; `reason` tells why.',
  'upgrade-failed': 'The new program could not start, for `reason`; this one serves on.',
  scaled: 'There should be `to` workers and no more `from`.',
  held: 'Failed workers are not started again.',
  resumed: 'They are again.',
  paused: 'Nothing is accepted.',
  unpaused: 'Everything is again.',
  'worker-ready': 'A worker serves; `slot`, `pid` and `generation` tell which, as in all below.',
  'worker-parked': 'A worker is out of rotation.',
  'worker-unparked': 'It is back.',
  'worker-exited':
    'A worker has ended, with `reason`, `code`, `signal`, `uptimeMs`, its last output `tail` and `stack`.',
  'gateway-ready': 'A gateway accepts.',
  'gateway-parked': 'A gateway is out of rotation.',
  'gateway-unparked': 'It is back.',
  'gateway-exited': 'A gateway has ended, as a worker does.',
  stopping: 'The instance stops; `how` is *graceful* or *quick*.',
} as const satisfies Record<Notice['notice'], string>;

export const listEvents = (): string => listTexts(events);

const limits = {
  lineBytes: (bytes) => `Bytes of a line: ${mebi(bytes)}. A longer one ends the connection.`,
  inFlight: (count) =>
    `Requests of one connection that are not answered yet: ${count}. One more is refused with TSGUN_E_BUSY.`,
  batch: (count) => `Requests in one batch: ${count}. A longer one is refused as a whole.`,
  queueBytes: (bytes) =>
    `What waits to be read by a caller: ${kibi(bytes)}. Beyond that no line of its own is read, and it gets no progress.`,
  connections: (count) =>
    `Connections: ${count}. Whoever comes then is let in, and an idle one of the process that has most is closed with TSGUN_E_BUSY.`,
  remembered: (count) => `Events, and lines of the log, that are remembered: ${count} each.`,
  rememberedBytes: (bytes) => `Bytes of these: ${mebi(bytes)} each.`,
  closeMs: (ms) => `Time that slow readers have at the end of an instance: ${ms} ms.`,
} as const satisfies Record<keyof Limits, (limit: number) => string>;

const kibi = (bytes: number): string => `${bytes / 1024} KiB`;
const mebi = (bytes: number): string => `${bytes / 1024 ** 2} MiB`;

export const listLimits = (): string =>
  Object.entries(limits)
    .map(([name, describe]) => `:   ${describe(defaultLimits[name as keyof Limits])}`)
    .join('\n\n');

const ofTheClient: readonly ErrorCode[] = ['TSGUN_E_NOT_RUNNING', 'TSGUN_E_LOST'];

/** Without those that only `tsgunctl` itself has. */
export const listRpcErrors = (): string =>
  errorCodes
    .filter((code) => !ofTheClient.includes(code))
    .map((code) => `| ${new TsgunError(code, '').rpcCode} | \`${code}\`. ${explainError(code)}`)
    .join('\n');

const listTexts = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([name, text]) => `| \`${name}\` | ${text}`)
    .join('\n');
