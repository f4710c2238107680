import { changingMethods } from './changing.ts';
import { lookingMethods } from './looking.ts';
import type { Method, ParamsOf, ResultOf } from './method.ts';
import type { ProgressView } from './views.ts';

/** The only place where a method exists: server, client, man page and `rpc.discover` come from it. */
export const methods = { ...lookingMethods, ...changingMethods };

export type Methods = typeof methods;
export type MethodName = keyof Methods;

export const methodNames = Object.keys(methods) as MethodName[];

export const methodOf = (name: MethodName): Method => methods[name] as Method;

export type Params<M extends MethodName> = ParamsOf<Methods[M]>;
export type Result<M extends MethodName> = ResultOf<Methods[M]>;

/** Methods that concern the caller's own connection are the server's; the rest is the arbiter's. */
export type ConnectionMethod = {
  [M in MethodName]: Methods[M]['kind'] extends 'connection' ? M : never;
}[MethodName];

export interface Caller {
  uid: number;
  gid: number;
  pid: number;
  /** Tells how far an operation is that this call has started or joined. */
  progress(progress: ProgressView): void;
}

/** What the arbiter offers, whoever calls. Failures are TsgunErrors. */
export type ControlApi = {
  [M in MethodName]: (params: Params<M>, caller: Caller) => Result<M> | Promise<Result<M>>;
};

/** The part of it that is not the control server's own. */
export type ArbiterApi = Omit<ControlApi, ConnectionMethod>;
