import type { Setting } from '../src/settings/define.ts';
import { toSnake } from '../src/settings/names.ts';
import { type SettingName, sections, table } from '../src/settings/table.ts';
import { wrap } from './changelog.ts';

const head = `# Copy to /etc/tsgun/NAME.toml, or let "tsgun init NAME --app PATH" write it, then:
#
#   systemctl enable --now tsgun@NAME
#   systemctl reload tsgun@NAME         after a change; if it is bad, the old workers serve on
#
# What is commented out shows the default, or what kind of value is wanted where there is none.
# tsgun.conf(5) says more about each. These five matter first:
`;

/** What matters first, as one would want it. */
const first: Partial<Record<SettingName, { sample: unknown; note: string }>> = {
  app: { sample: 'server.js', note: '' },
  chdir: { sample: '/srv/NAME', note: '' },
  bind: {
    sample: ['127.0.0.1:8000'],
    note: 'A Unix socket goes to /run/tsgun/NAME/. fd://listen is what tsgun@NAME.socket listens on',
  },
  workers: { sample: 'auto', note: 'By default there is one' },
  accesslog: {
    sample: '/var/log/tsgun/NAME/access.log',
    note: 'systemd makes this folder, and logrotate knows it. Not set by default',
  },
};

const entry = (name: SettingName): Setting<unknown> => table[name];

/** Every setting that a file may have, commented out. */
export function renderSampleConfig(): string {
  const firsts = Object.entries(first).map(([name, { sample, note }]) =>
    renderSetting(name as SettingName, sample, note),
  );
  const parts = Object.entries(sections).map(([title, settings]) => {
    const names = Object.keys(settings) as SettingName[];
    const others = names.filter((name) => !first[name] && entry(name).notIn !== 'config file');
    return ['', `## ${title}`, '', others.map(renderDefault).join('\n')].join('\n');
  });
  return [head, firsts.join('\n'), ...parts].join('\n');
}

function renderDefault(name: SettingName): string {
  const { default: value, schema } = entry(name);
  if (value === null) return renderSetting(name, schema.metavar, 'Not set by default');
  const isMode = schema.metavar === 'MODE' && typeof value === 'number';
  return renderSetting(name, isMode ? value.toString(8) : value, '');
}

function renderSetting(name: SettingName, sample: unknown, note: string): string {
  const text = [entry(name).summary, note].filter((part) => part !== '').join('. ');
  return `${wrap(text, 100, '# ', '# ')}\n#${toSnake(name)} = ${toToml(sample)}\n`;
}

function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)} = ${toToml(one)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}
