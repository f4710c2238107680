import { TsgunError } from '../../src/core/errors.ts';
import { choice, duration, type Schema, text } from '../../src/core/schema.ts';
import { colorChoices, outputFormats } from '../../src/protocol/control/options.ts';
import type { RawLine } from './raw-line.ts';

/** What holds for every verb. */
export interface Globals {
  instance: string | null;
  socket: string | null;
  output: (typeof outputFormats)[number];
  field: string | null;
  fields: readonly string[] | null;
  header: boolean;
  timeoutMs: number | null;
  wait: boolean;
  verbose: boolean;
  color: (typeof colorChoices)[number];
}

export const defaultGlobals: Globals = {
  instance: null,
  socket: null,
  output: 'table',
  field: null,
  fields: null,
  header: true,
  timeoutMs: null,
  wait: true,
  verbose: false,
  color: 'auto',
};

/** The value behind a flag; undefined when the flag is not there. Throws TSGUN_E_USAGE. */
export function readFlag<T>({ flags }: RawLine, name: string, schema: Schema<T>): T | undefined {
  const raw = flags[name];
  if (raw === undefined) return undefined;
  return readValue(name, String(raw), schema);
}

/** Throws TSGUN_E_USAGE, which names what the value was for. */
export function readValue<T>(name: string, raw: string, schema: Schema<T>): T {
  const parsed = schema.fromText(raw);
  if (parsed.ok) return parsed.value;
  throw usageError(`${name}: expected ${parsed.expected}, not ${JSON.stringify(raw)}`);
}

export const usageError = (message: string): TsgunError => new TsgunError('TSGUN_E_USAGE', message);

const columnList = (raw: string): string[] =>
  raw
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** What the flags say, and the defaults where they say nothing. */
export function readGlobals(line: RawLine, defaults: Globals): Globals {
  const { flags } = line;
  const instance = readFlag(line, '--instance', text('NAME'));
  const socket = readFlag(line, '--socket', text('PATH'));
  if (instance !== undefined && socket !== undefined) {
    throw usageError('--instance and --socket name an instance both, only one can be given');
  }
  const addressed = instance !== undefined || socket !== undefined;
  const field = readFlag(line, '--field', text('A.B'));
  const fields = readFlag(line, '--fields', text('A,B'));
  const timeout = readFlag(line, '--timeout', duration());
  const globals: Globals = {
    instance: addressed ? (instance ?? null) : defaults.instance,
    socket: addressed ? (socket ?? null) : defaults.socket,
    output: readFlag(line, '--output', choice(...outputFormats)) ?? impliedBy(field, defaults),
    field: field ?? null,
    fields: fields === undefined ? null : columnList(fields),
    header: flags['--no-header'] === undefined,
    timeoutMs: timeout === undefined ? defaults.timeoutMs : timeout * 1000,
    wait: flags['--no-wait'] === undefined,
    verbose: flags['--verbose'] === true || defaults.verbose,
    color: readFlag(line, '--color', choice(...colorChoices)) ?? defaults.color,
  };
  checkTogether(globals);
  return globals;
}

const impliedBy = (field: string | undefined, { output }: Globals): Globals['output'] =>
  field === undefined ? output : 'value';

function checkTogether({ field, fields, output }: Globals): void {
  if (field !== null && output !== 'value') {
    throw usageError(`--field goes with -o value, not with -o ${output}`);
  }
  if (fields !== null && output !== 'table') {
    throw usageError(`--fields goes with tables, not with -o ${output}`);
  }
  if (fields?.length === 0) throw usageError('--fields: expected names of columns, not ""');
}
