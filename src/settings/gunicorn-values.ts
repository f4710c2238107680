import { suggest } from '../core/suggest.ts';
import { isForeign } from './foreign.ts';
import { describeLack } from './gunicorn-lacks.ts';
import { toSnake } from './names.ts';
import { findSetting, type Given } from './resolve.ts';
import { type SettingName, settingNames, table } from './table.ts';
import { isClassPath, translateWorkerClass } from './worker-class.ts';

export interface GunicornFile {
  /** By the names that it defines: settings, and whatever else it needs to make them. */
  values: Readonly<Record<string, unknown>>;
  /** Where a name is defined, for people. */
  originOf(name: string): string;
}

export interface GunicornValues {
  given: Given[];
  /** What Gunicorn would do and we do not, each in a line. */
  warnings: string[];
}

/** What the names in a `gunicorn.conf.py` are to us. Those that are no settings are the file's own. */
export function readGunicornValues({ values, originOf }: GunicornFile): GunicornValues {
  const found: GunicornValues = { given: [], warnings: [] };
  for (const [name, value] of Object.entries(values)) {
    const origin = originOf(name);
    const warn = (text: string) => void found.warnings.push(`${origin}: ${text}`);
    const setting = settingOf(name);
    if (setting) found.given.push(...give(setting, value, { origin, warn }));
    else if (applied.has(name)) warnOfLogs(name, value, warn);
    else if (isForeign(name)) {
      const lack = describeLack(name, value);
      if (lack !== null) warn(lack);
    } else warnOfTypo(name, warn);
  }
  return found;
}

/** Gunicorn's names for what we call by another. */
const renamed: Readonly<Record<string, SettingName>> = {
  wsgi_app: 'app',
  control_socket_disable: 'noControlSocket',
};

/** Ours, but in a program much likelier to be its own; `wsgi_app` is the app. */
const notHere: ReadonlySet<string> = new Set(['app', 'node', 'nodeArgs', 'python']);

function settingOf(name: string): SettingName | undefined {
  const own = Object.hasOwn(renamed, name) ? renamed[name] : undefined;
  const found = own ?? (/[A-Z]/.test(name) ? undefined : findSetting(name));
  if (found === undefined || own) return own;
  return notHere.has(found) || 'notIn' in table[found] ? undefined : found;
}

interface Place {
  origin: string;
  warn(text: string): void;
}

/** Null is Gunicorn's word for "not set". */
function give(setting: SettingName, value: unknown, place: Place): Given[] {
  const raw = value === null ? null : convert(setting, value, place.warn);
  if (raw === null) return [];
  return [{ name: setting, raw, kind: 'value', origin: place.origin }];
}

const converters: { [N in SettingName]?: (value: unknown, warn: Place['warn']) => unknown } = {
  bind: (value) => listOf(value).map(toAddress),
  group: asText,
  user: asText,
  limitRequestFields: (value) => (isWithin(value, 1, 32_768) ? value : 32_768),
  loglevel: (value) => String(value).toLowerCase(),
  // Gunicorn says this where it means that sockets are open to everybody, as ours are anyway.
  umask: (value) => (value === 0 ? null : value),
  workerClass: toWorkerClass,
};

function convert(setting: SettingName, value: unknown, warn: Place['warn']): unknown {
  const loose = loosen(value, table[setting].default);
  return converters[setting]?.(loose, warn) ?? (setting in converters ? null : loose);
}

/** Settings come from `os.environ` as text more often than not. */
function loosen(value: unknown, like: unknown): unknown {
  if (Array.isArray(like)) return typeof value === 'string' ? listOf(value) : value;
  if (typeof value !== 'string') return value;
  if (typeof like === 'boolean') return readFlag(value);
  return typeof like === 'number' && isNumber.test(value.trim()) ? Number(value) : value;
}

const isNumber = /^(?:\d+|0x[\da-f]+|0o[0-7]+)$/i;

function readFlag(text: string): unknown {
  const word = text.trim().toLowerCase();
  return word === 'true' || (word === 'false' ? false : text);
}

const listOf = (value: unknown): unknown[] => {
  if (typeof value !== 'string') return Array.isArray(value) ? value : [value];
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
};

function asText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

const isWithin = (value: unknown, min: number, max: number): boolean =>
  typeof value !== 'number' || (value >= min && value <= max);

/** Gunicorn takes `tcp://`, `unix://` and hosts without a port as well. */
function toAddress(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const address = value.replace(/^tcp:\/\//, '').replace(/^unix:\/\/(?=\/)/, 'unix:');
  const bare = !address.includes('/') && /^(?:[^:]+|\[[^\]]+\])$/.test(address);
  return bare ? `${address}:8000` : address;
}

function toWorkerClass(value: unknown, warn: Place['warn']): unknown {
  if (typeof value !== 'string') return value;
  const known = translateWorkerClass(value);
  if (!isClassPath(known) && known !== 'tornado') return known;
  warn(`worker_class "${value}" is none of tsgun's: the app decides what serves it`);
  return 'auto';
}

/** Of the logging of Python, which the worker's own is a part of. */
const applied: ReadonlySet<string> = new Set(['logconfig', 'logconfig_dict', 'logconfig_json']);

function warnOfLogs(name: string, value: unknown, warn: Place['warn']): void {
  if (value === null || value === '' || Object.keys(Object(value)).length === 0) return;
  warn(`"${name}" is for what the app logs: tsgun has its own error log and access log`);
}

const gunicornNames = settingNames.map(toSnake).concat(Object.keys(renamed));

/** Only near misses: a name of the file's own is nobody's business. */
function warnOfTypo(name: string, warn: Place['warn']): void {
  if (gunicornNames.includes(name) || !/^[a-z]+(?:_[a-z]+)+$|^[a-z]{5,}$/.test(name)) return;
  const meant = suggest(name, gunicornNames);
  if (meant !== null && Math.abs(meant.length - name.length) <= 2) {
    warn(`"${name}" is no setting, did you mean "${meant}"?`);
  }
}
