import { handledSignals, signalTable } from '../src/arbiter/signal-table.ts';
import {
  controlExitCodes,
  errorCodes,
  exitCodes,
  explainError,
  TsgunError,
} from '../src/core/errors.ts';

const exits = {
  stopped: 'The instance was stopped, or what was asked for is done.',
  cannotStart:
    'It cannot start: an address in use, a pid file that is held, no permission. `--check-config` exits so whatever is wrong.',
  usage: 'The command line cannot be understood.',
  workerFailed:
    'No worker of the very first generation became ready; the error log has the reason.',
  appFailed: 'The app could not be loaded; the error log has its error, with the stack.',
  badSettings:
    'A setting is unknown or its value bad. All problems are listed, each with its origin. It is EX_CONFIG of *sysexits.h*, which tells *systemd*(1) that trying again is of no use.',
} as const satisfies Record<keyof typeof exitCodes, string>;

const controlExits = {
  done: 'Done, or there was nothing to do: to scale to the number that is wanted already is no failure.',
  failed:
    'The instance has answered that the operation failed or was aborted. What was before is kept: after a failed reload the old generation serves. Also for `config-check` with problems and `doctor` with a check that failed.',
  usage: 'The command line cannot be understood, or a parameter is bad. Nothing was done.',
  notRunning: 'No instance answers: there is no control socket, or nobody listens on it.',
  denied:
    'The control socket may not be opened, or the caller may look and not change. See *ACCESS*.',
  timedOut:
    'It took longer than `--timeout`. The operation goes on in the instance; its id is told, and `tsgunctl wait` joins it again.',
  conflict:
    'Another operation, or the state of the instance, stands in the way, or `--if-generation` named another generation than the one that serves. Nothing was done.',
  lost: 'The connection was lost before the answer came. The outcome is not known: look before trying again.',
  degraded: 'The instance runs and serves, with fewer workers than it should (`status`, `wait`).',
  interrupted: 'Ctrl-C: `tsgunctl` has left, and the operation goes on.',
} as const satisfies Record<keyof typeof controlExitCodes, string>;

const listCodes = (
  codes: Readonly<Record<string, number>>,
  texts: Readonly<Record<string, string>>,
) =>
  Object.entries(codes)
    .map(([name, code]) => `\`${code}\`\n:   ${texts[name]}`)
    .join('\n\n');

export const listExitCodes = (): string => listCodes(exitCodes, exits);

export const listControlExitCodes = (): string => listCodes(controlExitCodes, controlExits);

/** With the exit code of the program that the page is about. */
export const listErrors = (exitOf: (error: TsgunError) => number): string =>
  errorCodes
    .map((code) => {
      const error = new TsgunError(code, '');
      const numbers = `Exit code ${exitOf(error)}, on the control socket ${error.rpcCode}.`;
      return `\`${code}\`\n:   ${explainError(code)} ${numbers}`;
    })
    .join('\n\n');

export const listSignals = (): string =>
  handledSignals
    .map((signal) => `\`${signal.replace('SIG', '')}\`\n:   ${signalTable[signal].summary}`)
    .join('\n\n');
