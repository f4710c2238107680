import type { Setting } from './define.ts';
import { appSettings } from './table/app.ts';
import { controlSettings } from './table/control.ts';
import { gatewaySettings } from './table/gateway.ts';
import { httpSettings } from './table/http.ts';
import { loggingSettings } from './table/logging.ts';
import { processSettings } from './table/process.ts';
import { pythonSettings } from './table/python.ts';
import { socketSettings } from './table/socket.ts';
import { workerSettings } from './table/workers.ts';

/** In the order of `--help`. */
export const sections = {
  App: appSettings,
  Socket: socketSettings,
  Workers: workerSettings,
  Python: pythonSettings,
  HTTP: httpSettings,
  Gateway: gatewaySettings,
  Logging: loggingSettings,
  Process: processSettings,
  Control: controlSettings,
} as const;

/** The only place where a setting exists. */
export const table = {
  ...appSettings,
  ...socketSettings,
  ...workerSettings,
  ...pythonSettings,
  ...httpSettings,
  ...gatewaySettings,
  ...loggingSettings,
  ...processSettings,
  ...controlSettings,
};

export type SettingName = keyof typeof table;

export type Settings = {
  [Name in SettingName]: (typeof table)[Name] extends Setting<infer T> ? T : never;
};

export const settingNames = Object.keys(table) as SettingName[];

export const defaultSettings = (): Settings =>
  Object.fromEntries(settingNames.map((name) => [name, table[name].default])) as Settings;
