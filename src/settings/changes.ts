import { isDeepStrictEqual } from 'node:util';
import type { OnReload } from './define.ts';
import { type SettingName, type Settings, settingNames, table } from './table.ts';

export interface SettingChange {
  name: SettingName;
  before: unknown;
  after: unknown;
  onReload: OnReload;
}

/** What is different between two readings, and what a reload makes of each difference. */
export function diffSettings(before: Settings, after: Settings): SettingChange[] {
  return settingNames
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => ({
      name,
      before: before[name],
      after: after[name],
      onReload: table[name].onReload,
    }));
}
