import type { Clock } from '../core/clock.ts';
import { errnoOf, messageOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { sendDatagram } from '../native/datagram.ts';

/** Lines as in sd_notify(3), with a descriptor for those that pass one. */
export interface Notification {
  lines: readonly string[];
  descriptor?: number;
  /** Called when systemd has it, or never will. */
  onTold?(): void;
}

export type SendDatagram = typeof sendDatagram;

/** systemd is busy when its socket is full; it is asked again this much later. */
const retryMs = 50;
/** More than this it will never catch up with. */
const mostWaiting = 1000;

/** Tells systemd what happens, in order, and never waits for it. */
export class Notifier {
  readonly #socket: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #send: SendDatagram;
  readonly #waiting: Notification[] = [];
  #whenIdle: () => void = () => undefined;
  #broken = false;

  constructor(socket: string, clock: Clock, log: Log, send: SendDatagram = sendDatagram) {
    this.#socket = socket;
    this.#clock = clock;
    this.#log = log;
    this.#send = send;
  }

  notify(notification: Notification): void {
    if (this.#waiting.length >= mostWaiting) this.#waiting.shift()?.onTold?.();
    this.#waiting.push(notification);
    if (this.#waiting.length === 1) this.#flush();
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const error = this.#try(next);
      if (errnoOf(error) === 'EAGAIN') {
        this.#clock.after(retryMs, () => this.#flush());
        return;
      }
      if (error !== null) this.#complain(error);
      this.#waiting.shift();
      next.onTold?.();
    }
    this.#whenIdle();
  }

  /** Settles when nothing waits, or after `mostMs`. */
  settle(mostMs: number): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(mostMs, resolve);
      this.#whenIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  #try({ lines, descriptor }: Notification): unknown {
    try {
      this.#send(this.#socket, lines.join('\n'), descriptor ?? null);
      return null;
    } catch (error) {
      return error;
    }
  }

  /** Once: it will be the same for all that follows. */
  #complain(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#log({
      level: 'warning',
      message: `Cannot notify "${this.#socket}": ${messageOf(error)}`,
    });
  }
}
