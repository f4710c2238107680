import { type ReadStream, WriteStream } from 'node:tty';
import { systemClock } from '../../src/core/clock.ts';
import { controlExitCodes } from '../../src/core/errors.ts';
import { createPaint } from '../terminal/paint.ts';
import { cleanText } from '../terminal/width.ts';
import { complete } from './complete.ts';
import { History, historyPath } from './history.ts';
import { InstanceWatch } from './instance-watch.ts';
import { LineReader } from './line-reader.ts';
import { complain, obey } from './obey.ts';
import type { ShellOptions } from './shell-options.ts';

/** What does not end by itself after Ctrl-C is left behind after this. */
const interruptMs = 2000;

/** Asks for commands until nobody has one any more. */
export async function converse(options: ShellOptions, input: ReadStream): Promise<number> {
  const watch = new InstanceWatch(options.client);
  const history = new History(historyPath(process.env));
  const output = process.stdout instanceof WriteStream ? process.stdout : process.stderr;
  if (!(output instanceof WriteStream)) return complain('the shell needs a terminal to write to');
  const reader = new LineReader(input, output, (line) => complete(line, watch));
  const ignore = () => {};
  // Whoever runs a command listens for themselves; the shell outlives it.
  process.on('SIGINT', ignore);
  try {
    const ask = async () => reader.read(await renderPrompt(options, watch), history.lines);
    for (let typed = await ask(); typed !== null; typed = await ask()) {
      const line = repeat(typed, history.lines[0], output);
      if (line === null) continue;
      history.add(line);
      if ((await untilLeft(obey(line, options))) === 'exit') return controlExitCodes.done;
    }
    output.write('\n');
    return controlExitCodes.done;
  } finally {
    process.removeListener('SIGINT', ignore);
    watch.close();
  }
}

/** `web(41)> ` */
async function renderPrompt(
  { instance, color }: ShellOptions,
  watch: InstanceWatch,
): Promise<string> {
  const name = createPaint(color)('strong', cleanText(instance));
  return `${name}(${(await watch.generation()) ?? '-'})> `;
}

/** `!!` stands for the last line; null when there is none. */
function repeat(line: string, last: string | undefined, output: WriteStream): string | null {
  if (!/^\s*!!(\s|$)/.test(line)) return line;
  if (last === undefined) {
    complain('no command was typed before');
    return null;
  }
  const repeated = line.trim().replace('!!', () => last);
  output.write(`${cleanText(repeated)}\n`);
  return repeated;
}

/** As the command ends, or a while after Ctrl-C if it does not care. */
async function untilLeft<T>(work: Promise<T>): Promise<T | number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let cancel = () => {};
  const onSignal = () => {
    cancel();
    cancel = systemClock.after(interruptMs, () => resolve(controlExitCodes.interrupted));
  };
  process.on('SIGINT', onSignal);
  try {
    return await Promise.race([work, promise]);
  } finally {
    process.removeListener('SIGINT', onSignal);
    cancel();
  }
}
