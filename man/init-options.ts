/** An option of `tsgun init`, which is no setting. */
export interface InitOption {
  /** `-a`, `--app` */
  forms: readonly string[];
  /** Null when it takes no value. */
  metavar: string | null;
  summary: string;
}

export const initOptions: readonly InitOption[] = [
  {
    forms: ['-a', '--app'],
    metavar: 'PATH',
    summary: 'Folder or file of the app, file:name or module:name; by default the current folder',
  },
  {
    forms: ['-b', '--bind'],
    metavar: 'ADDRESS',
    summary:
      'Where to listen; repeat for more. By default the first port from 8000 on 127.0.0.1 that is free and that no other instance has',
  },
  {
    forms: ['-w', '--workers'],
    metavar: 'N',
    summary: 'Number of workers, or auto; by default what suits the app and the CPUs',
  },
  {
    forms: ['--chdir'],
    metavar: 'DIR',
    summary: 'Folder the app runs in; by default found from the app',
  },
  {
    forms: ['--python'],
    metavar: 'FILE',
    summary: 'Python that runs it; by default that of its virtual environment, or python3',
  },
  {
    forms: ['-u', '--user'],
    metavar: 'USER',
    summary: 'User that the service runs as; by default tsgun',
  },
  {
    forms: ['-o', '--output'],
    metavar: 'FILE',
    summary: 'Write it there, with "-" to standard output; by default /etc/tsgun/NAME.toml',
  },
  { forms: ['-f', '--force'], metavar: null, summary: 'Replace a configuration that is there' },
];

export const listInitOptions = (): string =>
  initOptions
    .map(({ forms, metavar, summary }) => {
      const value = metavar === null ? '' : ` *${metavar}*`;
      return `${forms.map((form) => `\`${form}\`${value}`).join(', ')}\n:   ${summary}.`;
    })
    .join('\n\n');
