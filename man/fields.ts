import type { JsonSchema } from '../src/core/shape.ts';
import { endSentence } from './settings.ts';

/** Shapes that have a name of their own, by their schema: what has one is told in another place. */
export type Named = ReadonlyMap<unknown, string>;

/** A line for each field of an object, those of objects in it with a path: `workers.ready`. */
export function listFields(json: JsonSchema, named: Named, path = ''): string[] {
  const { properties } = json;
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, field]) =>
    isObject(field) ? listField(field, named, path + name) : [],
  );
}

function listField(field: JsonSchema, named: Named, path: string): string[] {
  const { core, inner } = lookInto(field);
  const about = typeof core['description'] === 'string' ? endSentence(core['description']) : '';
  const line = `| \`${path}\` | ${`${describeType(field, named)}. ${about}`.trimEnd()}`;
  if (named.has(core) || named.has(inner)) return [line];
  return [line, ...listFields(inner, named, `${path}${core === inner ? '' : '[]'}.`)];
}

/** Without the null that it may be, and what its entries are if it is a list. */
function lookInto(field: JsonSchema): { core: JsonSchema; inner: JsonSchema } {
  const [first] = alternativesOf(field);
  const core = first ?? field;
  return { core, inner: isObject(core['items']) ? core['items'] : core };
}

const alternativesOf = ({ anyOf }: JsonSchema): JsonSchema[] =>
  Array.isArray(anyOf) ? anyOf.filter(isObject) : [];

/** `integer or null`, `array of *worker*`, `"read" or "admin"`. */
export function describeType(json: JsonSchema, named: Named): string {
  const name = named.get(json);
  if (name !== undefined) return `*${name}*`;
  const alternatives = alternativesOf(json);
  if (alternatives.length > 0)
    return alternatives.map((each) => describeType(each, named)).join(' or ');
  if (Array.isArray(json['enum'])) return listWords(json['enum'].map((word) => `"${word}"`));
  if (isObject(json['items'])) return `array of ${describeType(json['items'], named)}`;
  return typeof json['type'] === 'string' ? json['type'] : 'any JSON';
}

const listWords = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
