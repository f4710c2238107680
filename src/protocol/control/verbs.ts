import { logLevels } from '../../core/logger.ts';
import type { MethodName } from './methods.ts';
import type { Option } from './options.ts';

/** A word of the command line that stands by its place. */
export interface Argument {
  /** In capitals: `SLOT`. */
  name: string;
  required: boolean;
  summary: string;
  /** What it can be, for completion; more may be possible. */
  choices?: readonly string[];
}

export interface Verb {
  name: string;
  arguments: readonly Argument[];
  summary: string;
  options: readonly Option[];
}

/** Methods that no verb calls by their own name: `events`, `logs`, `version` and `call` reach them. */
export const methodsWithoutVerb: readonly MethodName[] = [
  'hello',
  'subscribe',
  'unsubscribe',
  'rpc.discover',
];

const follow = { flags: '-f, --follow', metavar: null, summary: 'Go on with what comes from now' };
const last = { flags: '-n, --lines', metavar: 'N', summary: 'At most so many of the last ones' };

/**
 * Verbs that are not just a call of the method of their name. `wait` is the one that is a method
 * as well; the verb can wait for more.
 */
export const clientVerbs = [
  { name: 'list', arguments: [], summary: 'List the instances that you can see', options: [] },
  {
    name: 'events',
    arguments: [],
    summary: 'Show what happened to the instance',
    options: [
      follow,
      last,
      { flags: '--since', metavar: 'N', summary: 'Only what came after this number' },
    ],
  },
  {
    name: 'logs',
    arguments: [],
    summary: 'Show the last lines of the error log',
    options: [
      follow,
      last,
      {
        flags: '--level',
        metavar: 'LEVEL',
        summary: 'Only lines at least so grave',
        choices: logLevels,
      },
    ],
  },
  {
    name: 'wait',
    arguments: [
      {
        name: 'CONDITION',
        required: true,
        summary: 'op:ID, ready, healthy, stopped or generation=N',
        choices: ['ready', 'healthy', 'stopped', 'generation=', 'op:'],
      },
    ],
    summary: 'Wait for the end of an operation, or until the instance is in a certain state',
    options: [],
  },
  {
    name: 'top',
    arguments: [],
    summary: 'Show instance and workers live on the whole screen',
    options: [],
  },
  {
    name: 'doctor',
    arguments: [],
    summary: 'Look for what is wrong around the instance, or soon will be',
    options: [],
  },
  {
    name: 'call',
    arguments: [
      { name: 'METHOD', required: true, summary: 'Any method, also one without a verb' },
      { name: 'JSON', required: false, summary: 'Its parameters, as an object or an array' },
    ],
    summary: 'Call a method with parameters in JSON and print its result',
    options: [],
  },
  {
    name: 'shell',
    arguments: [],
    summary: 'Read verbs from the terminal, or line by line from standard input',
    options: [
      { flags: '--keep-going', metavar: null, summary: 'Do not stop at the first verb that fails' },
    ],
  },
  {
    name: 'completion',
    arguments: [
      {
        name: 'SHELL',
        required: true,
        summary: 'bash, zsh or fish',
        choices: ['bash', 'zsh', 'fish'],
      },
    ],
    summary: 'Print the script that lets a shell complete verbs, flags and names',
    options: [],
  },
  {
    name: 'version',
    arguments: [],
    summary: 'Print the versions of tsgunctl and of the instance',
    options: [],
  },
] as const satisfies readonly Verb[];

export type ClientVerb = (typeof clientVerbs)[number]['name'];
export type VerbName =
  | ClientVerb
  | Exclude<MethodName, 'hello' | 'subscribe' | 'unsubscribe' | 'rpc.discover'>;

/** What the client itself does for the verb of a method, beside the method's own parameters. */
export const addedOptions: Partial<Record<MethodName, readonly Option[]>> = {
  reload: [
    {
      flags: '--prove',
      metavar: null,
      summary: 'Send requests through every listener meanwhile, and give up if one fails',
    },
    { flags: '--prove-path', metavar: 'PATH', summary: 'What they ask for (/); implies --prove' },
  ],
};

/** Every verb once, in the order of help and manual. */
export const verbGroups: Readonly<Record<string, readonly VerbName[]>> = {
  Look: [
    'status',
    'workers',
    'requests',
    'listeners',
    'stats',
    'why',
    'config',
    'config-check',
    'config-diff',
    'list',
    'top',
    'doctor',
  ],
  Change: [
    'scale',
    'reload',
    'confirm',
    'rollback',
    'abort',
    'set',
    'hold',
    'resume',
    'pause',
    'unpause',
    'reopen',
    'upgrade',
    'stop',
  ],
  'One worker': ['recycle', 'drain', 'undrain', 'kill', 'dump'],
  Follow: ['events', 'logs', 'wait'],
  Other: ['ping', 'call', 'shell', 'completion', 'version'],
};

/** Other programs' words for the same, understood and not shown. */
export const verbAliases: Readonly<Record<string, VerbName>> = {
  ls: 'list',
  ps: 'workers',
  incr: 'scale',
  decr: 'scale',
  reread: 'config-diff',
  update: 'reload',
  quit: 'stop',
  monit: 'top',
};
