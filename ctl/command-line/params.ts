import type { Param } from '../../src/protocol/control/method.ts';
import { type MethodName, methodNames, methodOf } from '../../src/protocol/control/methods.ts';
import { flagOf } from '../../src/protocol/control/verb-list.ts';
import { methodsWithoutVerb } from '../../src/protocol/control/verbs.ts';
import { readValue } from './globals.ts';
import type { RawLine } from './raw-line.ts';

/** The method that a verb calls by its own name. */
export const methodOfVerb = (verb: string): MethodName | undefined =>
  methodNames.find((name) => name === verb && !methodsWithoutVerb.includes(name));

/** Parameters as the method's table entry reads them. Throws TSGUN_E_USAGE. */
export function readParams(method: MethodName, line: RawLine): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  let place = 0;
  for (const [name, param] of Object.entries(methodOf(method).params)) {
    const { label, raw } = param.positional
      ? { label: name.toUpperCase(), raw: line.operands[place++] }
      : { label: flagOf(name), raw: line.flags[flagOf(name)] };
    if (raw !== undefined) params[name] = readParam(label, raw, param);
  }
  return params;
}

const readParam = (label: string, raw: string | true, { schema }: Param): unknown =>
  raw === true ? true : readValue(label, raw, schema);
