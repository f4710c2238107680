import type { Setting } from '../settings/define.ts';
import { type SettingName, type Settings, table } from '../settings/table.ts';

/** A value as it may be shown: of a secret only that it is there, of a variable its name too. */
export function maskedValue(name: SettingName, settings: Settings): unknown {
  const { secret }: Setting<unknown> = table[name];
  const value: unknown = settings[name];
  if (!secret || value === null) return value;
  return Array.isArray(value) ? value.map(mask) : mask(value);
}

function mask(value: unknown): string {
  const [name = '', rest] = String(value).split(/=(.*)/s, 2);
  return rest === undefined ? '***' : `${name}=***`;
}
