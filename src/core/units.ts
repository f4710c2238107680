const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30`, `"30s"`, `"500ms"`, `"5m"`, `"1h"`, `"1d"` in seconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  return (Number(number) * milliseconds[unit as keyof typeof milliseconds]) / 1000;
}

const powers = { '': 0, K: 1, M: 2, G: 3, T: 4 } as const;

/** `512M`, `1GiB`, `1.5g` or plain bytes, in powers of 1024; undefined when it is none. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?(?:([kmgt])i?)?b?$/i.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  return Math.round(Number(number) * 1024 ** powers[unit.toUpperCase() as keyof typeof powers]);
}

/** `22`, `022`, `01777` or `0o22`; undefined when it is no file mode. */
export function parseOctal(text: string): number | undefined {
  const digits = /^(?:0o?)?([0-7]{1,4})$/.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}
