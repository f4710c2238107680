// Numbers in few columns. What is not known is a dash.

/** `4.1ms`, `412ms`, `41s`. */
export function compactMs(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 1000)}s`;
}

/** `12s`, `3m12s`, `3h12m`, `12d3h`, `123d`. */
export function compactAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 24) return `${hours}h${Math.floor((seconds % 3600) / 60)}m`;
  const days = Math.floor(hours / 24);
  return days < 100 ? `${days}d${hours % 24}h` : `${days}d`;
}

/** `7.8`, `312`, `3.1k`, `31k`, `3.1M`. */
export function compactCount(count: number | null): string {
  if (count === null) return '-';
  if (count === 0) return '0';
  if (count < 9.95) return count.toFixed(Number.isInteger(count) ? 0 : 1);
  if (count < 999.5) return String(Math.round(count));
  return scaled(count, 1000, ['k', 'M', 'G', 'T']);
}

/** `84M`, `1.2G`. */
export const compactBytes = (bytes: number): string =>
  bytes < 1024 ? `${bytes}B` : scaled(bytes, 1024, ['K', 'M', 'G', 'T']);

function scaled(value: number, base: number, units: readonly string[]): string {
  let scaledValue = value / base;
  let unit = 0;
  while (scaledValue >= base - 0.5 && unit < units.length - 1) {
    scaledValue /= base;
    unit += 1;
  }
  return `${scaledValue < 9.95 ? scaledValue.toFixed(1) : Math.round(scaledValue)}${units[unit]}`;
}

export const compactPercent = (percent: number | null): string =>
  percent === null ? '-' : `${Math.round(percent)}%`;
