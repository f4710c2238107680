import { deferred } from '../core/deferred.ts';
import type { Log } from '../core/logger.ts';
import { type CapturedOutput, captureOutput } from '../log/captured-output.ts';
import type { ChildExit, Spawn, SpawnedChild, SpawnRequest } from '../process/spawn.ts';
import { type FromWorker, parseFromWorker, type ToWorker } from '../protocol/worker.ts';
import { takeAutopsy } from './autopsy.ts';

/** What Node says when its inspector opens, which is nobody's business but ours. */
const inspectorChatter =
  /^(?:Debugger listening on |For help, see: https:\/\/nodejs\.org\/|Debugger attached\.|Debugger ending on |Waiting for the debugger )/;

const inspectorLine = /^Debugger listening on (ws:\/\/127\.0\.0\.1:\d{1,5}\/[0-9a-f-]{36})$/;

export interface WorkerHandleOptions {
  slot: number;
  spawn: Spawn;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  onMessage(message: FromWorker): void;
  onExit(exit: ChildExit, tail: string): void;
}

/** The arbiter's view of one child: its process, its channel and its captured output. */
export class WorkerHandle {
  readonly pid: number | undefined;
  readonly #child: SpawnedChild;
  readonly #outputs: CapturedOutput[] = [];
  readonly #inspectorUrl = deferred<string>();

  constructor(request: SpawnRequest, options: WorkerHandleOptions) {
    this.#child = options.spawn(request);
    this.pid = this.#child.pid;
    this.#capture(options);
    this.#child.onMessage((message) => {
      const parsed = parseFromWorker(message);
      if (parsed) options.onMessage(parsed);
    });
    this.#child.onExit((exit) => options.onExit(exit, this.#tail()));
  }

  send(message: ToWorker): void {
    this.#child.send(message);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The stack of its blocked loop and what was in flight, or why there is none; never rejects. */
  autopsy(budgetMs: number): Promise<string> {
    if (this.#outputs.length === 0) {
      return Promise.resolve('No stack could be taken: capture_output is off');
    }
    return takeAutopsy(
      {
        openInspector: () => this.#child.kill('SIGUSR1'),
        inspectorUrl: () => this.#inspectorUrl.promise,
      },
      budgetMs,
    );
  }

  #capture({ slot, log, now }: WorkerHandleOptions): void {
    const { stdout, stderr } = this.#child;
    const pid = this.#child.pid ?? 0;
    const options = { slot, pid, log, now };
    if (stdout) this.#outputs.push(captureOutput(stdout, { ...options, level: 'info' }));
    if (!stderr) return;
    const intercept = (line: string) => {
      const url = inspectorLine.exec(line)?.[1];
      if (url) this.#inspectorUrl.resolve(url);
      return inspectorChatter.test(line);
    };
    this.#outputs.push(captureOutput(stderr, { ...options, level: 'error', intercept }));
  }

  /** Stderr comes last, because that is where a dying program writes. */
  #tail(): string {
    return this.#outputs
      .map((output) => output.tail())
      .filter((tail) => tail !== '')
      .join('\n');
  }
}
