import { findSetting } from '../src/settings/resolve.ts';
import { describeDefault } from './settings.ts';

/** Text for each `{{name}}` that stands alone on its line. */
export type Holes = Readonly<Record<string, string>>;

/** Also `{{default name}}` within a line: the default of a setting. */
export function fillTemplate(template: string, holes: Holes): string {
  const unused = new Set(Object.keys(holes));
  const filled = template
    .replaceAll(/^\{\{([\w-]+)\}\}$/gm, (_, name: string) => {
      unused.delete(name);
      const text = holes[name];
      if (text === undefined) throw new Error(`Nothing fills {{${name}}}`);
      return text;
    })
    .replaceAll(/\{\{default (\w+)\}\}/g, (_, name: string) => {
      const setting = findSetting(name);
      if (setting === undefined) throw new Error(`There is no setting "${name}"`);
      return describeDefault(setting);
    });
  const [broken = [...unused][0]] = /\{\{.*/.exec(filled) ?? [];
  if (broken !== undefined) throw new Error(`Template and tables do not fit: ${broken}`);
  return filled;
}
