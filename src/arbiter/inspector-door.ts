import { untilAborted } from './inspector.ts';

/** What Node says when its inspector opens, which is nobody's business but ours. */
const inspectorChatter =
  /^(?:Debugger listening on |For help, see: https:\/\/nodejs\.org\/|Debugger attached\.|Debugger ending on |Waiting for the debugger )/;

const inspectorLine = /^Debugger listening on (ws:\/\/127\.0\.0\.1:\d{1,5}\/[0-9a-f-]{36})$/;

const endingLine = /^Debugger ending on (ws:\/\/127\.0\.0\.1:\d{1,5}\/[0-9a-f-]{36})$/;

/**
 * A worker that is about to close its inspector does not hear the first knock. The time doubles,
 * because a signal interrupts whatever system call an addon is in.
 */
const knockMs = 100;

export interface InspectorDoorOptions {
  /** Makes Node open its inspector, also in a blocked loop (SIGUSR1). */
  knock(): void;
  /** Has the worker close its inspector, as soon as its loop turns. */
  shut(): void;
}

/**
 * The way into the inspector of one worker. It is open only while somebody needs it, unless the
 * operator or the app has opened it: then it is used, and left open.
 */
export class InspectorDoor {
  readonly #options: InspectorDoorOptions;
  readonly #arrivals = new Set<(url: string) => void>();
  #url: string | null = null;
  #users = 0;
  /** We have knocked, and it has not been told that it is open. */
  #knocked = false;
  /** Was to be shut, and has not said that it is: a blocked loop does not hear of it. */
  #ajar: string | null = null;
  /** Opened by somebody else. */
  #theirs = false;

  constructor(options: InspectorDoorOptions) {
    this.#options = options;
  }

  /** Sees each line that the worker writes to stderr; true when it is Node's about its inspector. */
  hear(line: string): boolean {
    const url = inspectorLine.exec(line)?.[1];
    if (url !== undefined) this.#opened(url);
    if (endingLine.exec(line)?.[1] === this.#ajar) this.#ajar = null;
    return inspectorChatter.test(line);
  }

  /** Its address. Each `open` needs its `close`, also one that fails. */
  async open(signal: AbortSignal): Promise<string> {
    this.#users += 1;
    if (this.#url !== null) return this.#url;
    const arrival = new Promise<string>((resolve) => this.#arrivals.add(resolve));
    let timer: NodeJS.Timeout;
    const knock = (againMs: number) => {
      // A loop that turns has shut it by now, and would have opened it again.
      if (againMs > 2 * knockMs && this.#ajar !== null) return this.#enter(this.#ajar);
      this.#knocked = true;
      this.#options.knock();
      timer = setTimeout(() => knock(againMs * 2), againMs);
    };
    knock(knockMs);
    return untilAborted(arrival, signal).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#theirs) return;
    this.#ajar = this.#url;
    this.#url = null;
    this.#options.shut();
  }

  /** What its address was leads nowhere. */
  forget(): void {
    this.#url = null;
    this.#ajar = null;
    this.#theirs = false;
  }

  #opened(url: string): void {
    const ours = this.#knocked;
    this.#knocked = false;
    // Whoever knocked was out of patience, and has asked for it to be shut.
    if (ours && this.#users === 0) return this.#options.shut();
    this.#theirs = !ours;
    this.#enter(url);
  }

  #enter(url: string): void {
    this.#knocked = false;
    this.#ajar = null;
    this.#url = url;
    for (const arrive of this.#arrivals) arrive(url);
    this.#arrivals.clear();
  }
}
