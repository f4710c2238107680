import type { ControlExitCode, TsgunError } from '../../src/core/errors.ts';

/** What a program gets with `-o json`, whatever happened. The keys are part of the interface. */
export interface Envelope {
  v: 1;
  ok: boolean;
  instance: string | null;
  /** Of an operation. */
  op: number | null;
  tookMs: number;
  data: unknown;
  error: {
    code: string;
    rpc: number;
    exit: number;
    message: string;
    hint: string | null;
    detail: Readonly<Record<string, unknown>>;
  } | null;
}

/** What is known of a call, whether it succeeds or not. */
export interface CallFacts {
  instance: string | null;
  op: number | null;
  tookMs: number;
}

export const wrapResult = (facts: CallFacts, data: unknown): Envelope => ({
  v: 1,
  ok: true,
  ...facts,
  data: data ?? null,
  error: null,
});

export function wrapFailure(
  facts: CallFacts,
  error: TsgunError,
  exit: ControlExitCode,
  hint: string | null,
): Envelope {
  const { code, rpcCode, message, detail } = error;
  const data = Object.keys(detail).length === 0 ? null : detail;
  return {
    v: 1,
    ok: false,
    ...facts,
    data,
    error: { code, rpc: rpcCode, exit, message, hint, detail },
  };
}

/** One line; nothing in it can steer a terminal. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
