// Numbers and moments as people read them.

const two = (value: number): string => String(value).padStart(2, '0');

/** `850ms`, `3.2s`, `45s`, `3m12s`, `2h05m`, `3d4h` */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '-';
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `84 MiB` */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '-';
  let value = bytes;
  let unit = 0;
  // 1023.5 would be written as 1024 of the smaller unit.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `1.24 ms`, `18 ms`, `2.1 s`; what is not known is a dash. */
export function formatMs(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '-';
  if (ms >= 9999.5) return `${Math.round(ms / 1000)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** Per second. */
export const formatRate = (rate: number): string =>
  rate < 9.95 ? rate.toFixed(1) : String(Math.round(rate));

/** `1,234,567` */
export const formatCount = (count: number): string =>
  String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** `1 worker`, `2 workers` */
export const formatNumber = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** `2026-11-21 09:05:20`, local. */
export function formatTime(at: number): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return '-';
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** `3m12s ago` */
export const formatAgo = (at: number, now: number): string =>
  `${formatDuration(Math.max(0, now - at))} ago`;

/** A setting that is not set is no "-", which is the name of a stream. */
export const formatSetting = (value: unknown): string =>
  value === null ? 'none' : formatValue(value);

/** A value as short as it can be told. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value === '' ? '""' : value;
  return JSON.stringify(value);
}
