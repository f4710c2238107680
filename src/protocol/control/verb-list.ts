import type { Param } from './method.ts';
import { type MethodName, methodNames, methodOf } from './methods.ts';
import type { Option } from './options.ts';
import {
  type Argument,
  addedOptions,
  clientVerbs,
  methodsWithoutVerb,
  type Verb,
  type VerbName,
  verbGroups,
} from './verbs.ts';

/** `confirmWithin` → `--confirm-within`. */
export const flagOf = (param: string): string =>
  `--${param.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** What a method's table entry says, as a verb of the command line. */
export function verbOfMethod(method: MethodName): Verb {
  const { params, summary } = methodOf(method);
  const entries = Object.entries(params);
  const flags = entries.filter(([, param]) => !param.positional);
  return {
    name: method,
    arguments: entries.filter(([, param]) => param.positional).map(toArgument),
    summary,
    options: [...flags.map(toOption), ...(addedOptions[method] ?? [])],
  };
}

const toArgument = ([name, param]: [string, Param]): Argument => ({
  name: name.toUpperCase(),
  required: param.required,
  summary: param.summary,
  ...choicesOf(param),
});

const toOption = ([name, param]: [string, Param]): Option => ({
  flags: flagOf(name),
  metavar: param.schema.metavar,
  summary: param.summary,
  ...choicesOf(param),
});

function choicesOf({ schema }: Param): { choices?: readonly string[] } {
  const values: unknown = schema.json['enum'];
  return Array.isArray(values) ? { choices: values.map(String) } : {};
}

/** Undefined for aliases and for what is no verb. */
export function findVerb(name: string): Verb | undefined {
  const own = clientVerbs.find((verb) => verb.name === name);
  if (own) return own;
  const method = methodNames.find((known) => known === name);
  return method === undefined || methodsWithoutVerb.includes(method)
    ? undefined
    : verbOfMethod(method);
}

/** All verbs that people are told of, in the order of help and manual. */
export const verbNames: readonly VerbName[] = Object.values(verbGroups).flat();
