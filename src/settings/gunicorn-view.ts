import { toSnake } from './names.ts';
import { type Settings, settingNames } from './table.ts';

/** The settings under the names that hooks written for Gunicorn know. */
export const asGunicornSettings = (settings: Settings): Record<string, unknown> => ({
  ...Object.fromEntries(settingNames.map((name) => [toSnake(name), settings[name]])),
  wsgi_app: settings.app,
});
