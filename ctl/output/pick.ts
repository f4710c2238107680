import { usageError } from '../command-line/globals.ts';

/**
 * The field of a result: `workers.ready`, `0.slot`. Of a list without a number in the path, the
 * field of each entry. Undefined when there is none.
 */
export function pickField(value: unknown, path: string): unknown {
  let found: unknown = value;
  const names = path.split('.');
  for (const [index, name] of names.entries()) {
    if (Array.isArray(found) && !/^\d+$/.test(name)) {
      const rest = names.slice(index).join('.');
      const each = found.map((entry) => pickField(entry, rest));
      return each.length > 0 && each.every((one) => one === undefined) ? undefined : each.flat();
    }
    found = member(found, name);
  }
  return found;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

/** As `-o value` prints it: bare, one line for each entry of a list. Throws TSGUN_E_USAGE. */
export function renderValue(data: unknown, field: string | null): string {
  const value = field === null ? data : pickField(data, field);
  if (value === undefined) {
    const known = fieldsOf(data);
    const hint = known.length === 0 ? '' : `, it has ${known.join(', ')}`;
    throw usageError(`--field: the result has no ${JSON.stringify(field)}${hint}`);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((one) => `${bare(one)}\n`).join('');
}

function bare(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function fieldsOf(data: unknown): string[] {
  const one: unknown = Array.isArray(data) ? data[0] : data;
  return typeof one === 'object' && one !== null ? Object.keys(one) : [];
}
