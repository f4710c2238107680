type Json = Readonly<Record<string, unknown>>;

/** What JSON Schema calls the type of a value; a whole number is an `integer`. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All that this knows of JSON Schema: any other word has to be taught first. */
const knownWords = ['type', 'description', 'enum', 'anyOf', 'items', 'properties', 'required'];

/**
 * Where a value is not what its schema says, each place with its path; empty when all is well. What
 * a schema does not tell of is a mistake as well, because no reader of the schema would expect it.
 */
export function findMismatches(schema: unknown, value: unknown, path = '$'): string[] {
  if (!isRecord(schema)) return [`${path}: there is no schema`];
  const strange = Object.keys(schema).filter((word) => !knownWords.includes(word));
  if (strange.length > 0) return [`${path}: cannot judge by ${strange.join(', ')}`];
  const { anyOf, enum: allowed, type } = schema;
  if (Array.isArray(anyOf)) {
    const tries = anyOf.map((one) => findMismatches(one, value, path));
    return tries.some((found) => found.length === 0) ? [] : (tries[0] ?? []);
  }
  if (Array.isArray(allowed) && !allowed.includes(value)) {
    return [`${path}: ${JSON.stringify(value)} is none of ${allowed.join(', ')}`];
  }
  const found = typeOf(value);
  if (type !== undefined && type !== found && !(type === 'number' && found === 'integer')) {
    return [`${path}: expected ${String(type)}, got ${JSON.stringify(value) ?? 'nothing'}`];
  }
  return [...findInMembers(schema, value, path), ...findInEntries(schema, value, path)];
}

function findInMembers({ properties, required }: Json, value: unknown, path: string): string[] {
  if (!isRecord(properties) || !isRecord(value)) return [];
  const needed = Array.isArray(required) ? required.map(String) : [];
  return [
    ...needed.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}.${name} misses`),
    ...Object.entries(value).flatMap(([name, member]) =>
      Object.hasOwn(properties, name)
        ? findMismatches(properties[name], member, `${path}.${name}`)
        : [`${path}.${name} is not in the schema`],
    ),
  ];
}

const findInEntries = ({ items }: Json, value: unknown, path: string): string[] =>
  items === undefined || !Array.isArray(value)
    ? []
    : value.flatMap((entry, index) => findMismatches(items, entry, `${path}[${index}]`));
