import { pythonFolder } from '../process/python-interpreter.ts';

/** What runs before the app, and around it. */
const scaffold =
  /^ *File "(?:<frozen (?:runpy|importlib)|[^"]*\/threading\.py", line \d+ in (?:_bootstrap|run$))/;

const isOurs = (line: string): boolean =>
  line.includes(`File "${pythonFolder}/`) || scaffold.test(line);

const heading = /^(?:Current thread|Thread) 0x/;

/** The stacks of faulthandler without our own frames, and without the threads that are all ours. */
export function cleanPythonStack(text: string): string {
  const threads: string[][] = [];
  for (const line of text.split('\n')) {
    if (heading.test(line)) threads.push([line]);
    else if (line.trim() !== '' && !isOurs(line)) threads.at(-1)?.push(line);
  }
  return threads
    .filter(({ length }) => length > 1)
    .map((lines) => lines.join('\n'))
    .join('\n');
}
