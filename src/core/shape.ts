/** A JSON Schema (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a value looks like: its type for the compiler, its JSON Schema for everybody else. */
export interface Shape<T> {
  readonly json: JsonSchema;
  /** Never there: it only carries the type. */
  readonly type?: T;
}

/** The type that a shape describes. */
export type Of<S extends Shape<unknown>> = S extends Shape<infer T> ? T : never;

const described = (json: JsonSchema, description: string | undefined): JsonSchema =>
  description === undefined ? json : { ...json, description };

const scalar =
  <T>(type: string) =>
  (description?: string): Shape<T> => ({ json: described({ type }, description) });

export const string = scalar<string>('string');
export const number = scalar<number>('number');
export const integer = scalar<number>('integer');
export const boolean = scalar<boolean>('boolean');

export const anything = (description?: string): Shape<unknown> => ({
  json: described({}, description),
});

export const oneOf = <const T extends string>(...values: readonly T[]): Shape<T> => ({
  json: { enum: values },
});

export const nullable = <T>(shape: Shape<T>): Shape<T | null> => ({
  json: { anyOf: [shape.json, { type: 'null' }] },
});

export const array = <T>(items: Shape<T>, description?: string): Shape<T[]> => ({
  json: described({ type: 'array', items: items.json }, description),
});

type Fields = Readonly<Record<string, Shape<unknown>>>;

/** Every field is always there; what may be missing is null. */
export const object = <const F extends Fields>(
  fields: F,
): Shape<{ -readonly [K in keyof F]: Of<F[K]> }> & { readonly fields: F } => ({
  fields,
  json: {
    type: 'object',
    required: Object.keys(fields),
    properties: Object.fromEntries(Object.entries(fields).map(([name, { json }]) => [name, json])),
  },
});
