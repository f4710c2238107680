import { TsgunError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import type { Param, Params } from '../protocol/control/method.ts';

const mostProblems = 5;

/** What was given, checked with the method's schemas. Throws TSGUN_E_USAGE, which tells all problems. */
export function checkParams(
  method: string,
  known: Params,
  given: unknown,
): Record<string, unknown> {
  const problems: string[] = [];
  const named = nameParams(known, given, problems);
  const checked: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(known)) {
    const value = Object.hasOwn(named, name) ? named[name] : undefined;
    const result = check(name, param, value);
    if (result.problem !== undefined) problems.push(result.problem);
    else if (result.value !== undefined) checked[name] = result.value;
  }
  if (problems.length === 0) return checked;
  const told = problems.slice(0, mostProblems).join('; ');
  throw new TsgunError('TSGUN_E_USAGE', `Cannot call "${method}": ${told}`);
}

/** An array gives them in the order of the table. */
function nameParams(known: Params, given: unknown, problems: string[]): Record<string, unknown> {
  const names = Object.keys(known);
  if (Array.isArray(given)) {
    if (given.length > names.length)
      problems.push(`it takes ${count(names.length)}, not ${given.length}`);
    return Object.fromEntries(names.map((name, index) => [name, given[index]]));
  }
  const named = Object.entries(given ?? {});
  for (const [name] of named.filter(([name]) => !Object.hasOwn(known, name)).slice(0, mostProblems))
    problems.push(describeUnknown(name, names));
  return Object.fromEntries(named.filter(([name]) => Object.hasOwn(known, name)));
}

const count = (most: number): string =>
  most === 1 ? 'at most 1 parameter' : most === 0 ? 'no parameters' : `at most ${most} parameters`;

function describeUnknown(name: string, known: readonly string[]): string {
  const meant = suggest(name.slice(0, longestQuote), known);
  return `unknown parameter ${quote(name)}${meant === null ? '' : `, did you mean "${meant}"?`}`;
}

/** Null stands for a parameter that is not given, as it does in all that we send. */
function check(name: string, { schema, required }: Param, value: unknown) {
  if (value === undefined || value === null)
    return required ? { problem: `parameter "${name}" is missing` } : {};
  const result = schema.fromValue(value);
  if (result.ok) return { value: result.value };
  return { problem: `parameter "${name}" has to be ${result.expected}, not ${quote(value)}` };
}

const longestQuote = 60;

/** What was said, in short: it may be of any size and depth. */
export function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > longestQuote ? `${text.slice(0, longestQuote)}...` : text;
}
