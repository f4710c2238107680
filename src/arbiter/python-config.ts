import { workerHooks } from '../protocol/config-host.ts';
import type { PythonStart } from '../protocol/python.ts';
import { asGunicornSettings } from '../settings/gunicorn-view.ts';
import { toSnake } from '../settings/names.ts';
import type { Generation } from './generation.ts';

/** Of Python's own logging, which workers set up as Gunicorn's do. */
const logSettings = ['logconfig', 'logconfig_dict', 'logconfig_json'];

/** What workers need of a `gunicorn.conf.py`; null when they can do without reading it. */
export function pythonConfig({ script, settings }: Generation): PythonStart['config'] {
  if (!script) return null;
  const hooks = workerHooks.filter((name) => script.functions.includes(name)).map(toSnake);
  if (hooks.length === 0 && !logSettings.some((name) => script.values[name])) return null;
  return {
    path: script.path,
    importFrom: script.importFrom,
    hooks,
    timeoutMs: settings.hookTimeout * 1000,
    settings: asGunicornSettings(settings),
  };
}
