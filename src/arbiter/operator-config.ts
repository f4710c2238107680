import { messageOf, TsgunError } from '../core/errors.ts';
import type { ArbiterApi } from '../protocol/control/methods.ts';
import type { SettingChangeView } from '../protocol/control/views.ts';
import { diffSettings } from '../settings/changes.ts';
import type { Setting } from '../settings/define.ts';
import { toSnake } from '../settings/names.ts';
import { describeUnknown, findSetting, type Origins } from '../settings/resolve.ts';
import { type SettingName, type Settings, settingNames, table } from '../settings/table.ts';
import { maskedValue } from './masked-settings.ts';
import type { OperatorOptions } from './operator-options.ts';

type ConfigApi = Pick<ArbiterApi, 'config' | 'config-check' | 'config-diff' | 'set'>;

/** Settings: those in force, those that a reload would bring, and the ones that can be set at once. */
export function createConfigApi(options: OperatorOptions): ConfigApi {
  const { instance } = options;
  return {
    config({ name }) {
      const { settings, origins } = instance.current();
      const names = name === undefined ? settingNames : [parseName(name)];
      return names
        .filter((one) => !('notIn' in table[one]) || one === 'config')
        .map((one) => ({
          name: toSnake(one),
          value: maskedValue(one, settings),
          origin: origins[one] ?? 'default',
          onReload: table[one].onReload,
        }));
    },
    async 'config-check'() {
      const { problems } = await readAnew(options);
      return { valid: problems.length === 0, problems };
    },
    async 'config-diff'() {
      const { changes, problems } = await readAnew(options);
      return { changes, problems };
    },
    set: ({ name, value }, caller) =>
      instance.records.operations.run('set', caller.progress, () =>
        setLive(options, parseName(name), value, `set by uid ${caller.uid}`),
      ),
  };
}

async function readAnew({ instance, load }: OperatorOptions) {
  try {
    const { settings, origins, script } = await load();
    script?.close();
    return { changes: viewChanges(instance.current().settings, settings, origins), problems: [] };
  } catch (error) {
    if (!(error instanceof TsgunError)) throw error;
    return { changes: [], problems: messageOf(error).split('\n') };
  }
}

export const viewChanges = (
  running: Settings,
  file: Settings,
  origins: Origins,
): SettingChangeView[] =>
  diffSettings(running, file).map(({ name, onReload }) => ({
    name: toSnake(name),
    running: maskedValue(name, running),
    file: maskedValue(name, file),
    origin: origins[name] ?? 'default',
    onReload,
  }));

function parseName(name: string): SettingName {
  const found = findSetting(name);
  if (!found) throw new TsgunError('TSGUN_E_USAGE', describeUnknown(name));
  return found;
}

async function setLive(
  { errorLog, generations, instance }: OperatorOptions,
  name: SettingName,
  text: string,
  origin: string,
) {
  const { schema, onReload }: Setting<unknown> = table[name];
  const snake = toSnake(name);
  if (onReload !== 'live') {
    const takes = onReload === 'restart' ? 'a restart' : 'a reload';
    throw new TsgunError('TSGUN_E_USAGE', `Cannot set "${snake}": a new value takes ${takes}`);
  }
  const parsed = schema.fromText(text);
  if (!parsed.ok) {
    const message = `Cannot set "${snake}": expected ${parsed.expected}, not ${JSON.stringify(text)}`;
    throw new TsgunError('TSGUN_E_USAGE', message);
  }
  const { generation } = instance.state;
  const from: unknown = instance.current().settings[name];
  const to = parsed.value;
  const policy = generations.set(generation, name, to, origin);
  instance.push({ type: 'policy', generation, policy });
  errorLog.setLevel(instance.current().settings.loglevel);
  return { name: snake, from, to, changed: from !== to };
}
