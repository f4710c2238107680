import type { Schema } from '../../core/schema.ts';
import { integer, object, type Shape } from '../../core/shape.ts';

/** What a caller must be: `admin` may do everything that `read` may. */
export type Role = 'read' | 'admin';

export interface Param<T = unknown> {
  schema: Schema<T>;
  summary: string;
  required: boolean;
  /** On the command line it stands by its place, and not behind a flag. */
  positional: boolean;
}

export type Params = Readonly<Record<string, Param>>;

/**
 * A `query` changes nothing. An `operation` has an id, is logged with its caller, sends progress,
 * and answers when its work is done or has failed. `connection` concerns the caller's own
 * connection only.
 */
export type Kind = 'query' | 'operation' | 'connection';

export interface Method<P extends Params = Params, R = unknown, K extends Kind = Kind> {
  role: Role;
  kind: K;
  summary: string;
  description?: string;
  params: P;
  result: Shape<R>;
}

type Required<T> = Param<T> & { required: true };
type Optional<T> = Param<T> & { required: false };

/** A flag of the command line, a member of `params` in a call. */
export const optional = <T>(schema: Schema<T>, summary: string): Optional<T> => ({
  schema,
  summary,
  required: false,
  positional: false,
});

/** An argument of the command line that has to be there. */
export const argument = <T>(schema: Schema<T>, summary: string): Required<T> => ({
  schema,
  summary,
  required: true,
  positional: true,
});

export const optionalArgument = <T>(schema: Schema<T>, summary: string): Optional<T> => ({
  ...optional(schema, summary),
  positional: true,
});

type ParamType<P> = P extends Param<infer T> ? T : never;
type RequiredNames<P> = { [K in keyof P]: P[K] extends { required: true } ? K : never }[keyof P];

/** What a handler gets: checked, and without what was not given. */
export type ParamsOf<M> = M extends { params: infer P }
  ? { [K in RequiredNames<P>]: ParamType<P[K]> } & {
      [K in Exclude<keyof P, RequiredNames<P>>]?: ParamType<P[K]>;
    }
  : never;

export type ResultOf<M> = M extends { result: Shape<infer R> } ? R : never;

/** Keeps the types of parameters, result and kind. */
export const method = <const P extends Params, R, const K extends Kind>(
  definition: Method<P, R, K>,
): Method<P, R, K> => definition;

type OperationDefinition<P, F> = {
  summary: string;
  description?: string;
  params: P;
  result: F;
};

/** Every operation tells its id. */
export const operation = <
  const P extends Params,
  const F extends Readonly<Record<string, Shape<unknown>>>,
>({
  summary,
  description,
  params,
  result,
}: OperationDefinition<P, F>) =>
  method({
    role: 'admin',
    kind: 'operation',
    summary,
    ...(description !== undefined && { description }),
    params,
    result: object({ op: integer('Id of the operation'), ...result }),
  });
