import type { Result } from '../../src/protocol/control/methods.ts';
import type { SettingChangeView, SettingView } from '../../src/protocol/control/views.ts';
import { formatSetting } from '../output/format.ts';
import type { Line, Renderer } from '../output/look.ts';
import { type Column, renderTable } from '../output/table.ts';

const settingColumns: readonly Column<SettingView>[] = [
  { field: 'name', title: 'SETTING', text: ({ name }) => name },
  {
    field: 'value',
    title: 'VALUE',
    shortest: 20,
    yields: true,
    text: ({ value }) => formatSetting(value),
  },
  {
    field: 'origin',
    title: 'ORIGIN',
    dispensable: 1,
    shortest: 10,
    text: ({ origin }) => origin,
    tone: ({ origin }) => (origin === 'default' ? 'faint' : 'plain'),
  },
  { field: 'onReload', title: 'ON RELOAD', dispensable: 2, text: ({ onReload }) => onReload },
];

export const configRenderer: Renderer<readonly SettingView[]> = {
  cut: true,
  lines: (settings, look) => renderTable(settingColumns, settings, look),
  rows: (settings) => settings,
};

export const changeColumns: readonly Column<SettingChangeView>[] = [
  { field: 'name', title: 'SETTING', text: ({ name }) => name },
  {
    field: 'running',
    title: 'RUNNING',
    shortest: 8,
    text: ({ running }) => formatSetting(running),
  },
  { field: 'file', title: 'NEW', shortest: 8, text: ({ file }) => formatSetting(file) },
  {
    field: 'onReload',
    title: 'TAKES',
    dispensable: 1,
    text: ({ onReload }) => effects[onReload] ?? onReload,
    tone: ({ onReload }) => (onReload === 'restart' ? 'warn' : 'plain'),
  },
  { field: 'origin', title: 'ORIGIN', dispensable: 2, shortest: 10, text: ({ origin }) => origin },
];

/** What it takes to bring a change in. */
const effects: Readonly<Record<string, string>> = {
  live: 'reload',
  generation: 'reload, new workers',
  restart: 'restart',
};

export const configDiffRenderer: Renderer<Result<'config-diff'>> = {
  cut: true,
  lines: ({ changes, problems }, look): Line[] => {
    if (changes.length > 0) return renderTable(changeColumns, changes, look);
    return problems.length > 0 ? [] : [['No setting differs from what runs']];
  },
  rows: ({ changes }) => changes,
};

export const configCheckRenderer: Renderer<Result<'config-check'>> = {
  lines: ({ valid }): Line[] => (valid ? [['The settings are good']] : []),
};

/** Of a reload that has brought them in. */
export const broughtColumns: readonly Column<SettingChangeView>[] = [
  { field: 'name', title: 'SETTING', text: ({ name }) => name },
  { field: 'running', title: 'WAS', shortest: 8, text: ({ running }) => formatSetting(running) },
  { field: 'file', title: 'NOW', shortest: 8, text: ({ file }) => formatSetting(file) },
  { field: 'origin', title: 'ORIGIN', dispensable: 1, shortest: 10, text: ({ origin }) => origin },
];
