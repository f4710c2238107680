import { type MethodName, methodOf } from '../../src/protocol/control/methods.ts';
import { type Globals, usageError } from '../command-line/globals.ts';

/** What cannot be printed is said before something is done, and not afterwards. */
export function checkOutput(method: MethodName, { field, fields }: Globals): void {
  if (fields !== null) {
    throw usageError(`--fields goes with tables, and "${method}" prints none`);
  }
  const known = methodOf(method).result.json['properties'];
  const name = field?.split('.')[0];
  if (name === undefined || typeof known !== 'object' || known === null) return;
  if (!Object.hasOwn(known, name)) {
    const names = Object.keys(known).join(', ');
    throw usageError(`--field: the result has no ${JSON.stringify(name)}, it has ${names}`);
  }
}
