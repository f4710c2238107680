import { toSnake } from '../settings/names.ts';
import type { Origins } from '../settings/resolve.ts';
import { type SettingName, type Settings, settingNames, table } from '../settings/table.ts';

/** Every setting as TOML, with the origin of its value behind it. */
export function renderSettings(settings: Settings, origins: Origins): string {
  const names = settingNames.filter((name) => !('notIn' in table[name]));
  const lines = names.map((name) => ({
    line: renderLine(name, settings),
    origin: origins[name] ?? 'default',
  }));
  const width = Math.min(60, Math.max(...lines.map(({ line }) => line.length)));
  return `${lines.map(({ line, origin }) => `${line.padEnd(width)}  # ${origin}`).join('\n')}\n`;
}

function renderLine(name: SettingName, settings: Settings): string {
  const label = toSnake(name).padEnd(longestName);
  const value = settings[name];
  return value === null ? `# ${label} is not set` : `${label} = ${renderValue(name, value)}`;
}

const longestName = Math.max(...settingNames.map((name) => toSnake(name).length));

function renderValue(name: SettingName, value: unknown): string {
  const octal = table[name].schema.metavar === 'MODE' && typeof value === 'number';
  if (octal) return `0o${value.toString(8).padStart(3, '0')}`;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const pairs = Object.entries(value).map((pair) => pair.map(renderText).join(' = '));
    return `{ ${pairs.join(', ')} }`;
  }
  return renderText(value);
}

/** Text, a number or a list, as TOML. */
export function renderText(value: unknown): string {
  // The one character that JSON leaves alone and TOML does not.
  return JSON.stringify(value).replaceAll('\x7f', '\\u007f');
}
