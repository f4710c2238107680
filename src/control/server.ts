import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { describeCause, messageOf } from '../core/errors.ts';
import { type Log, logLevels } from '../core/logger.ts';
import type { ArbiterApi } from '../protocol/control/methods.ts';
import type { EventView, LogView } from '../protocol/control/views.ts';
import { readPeer } from '../sockets/peer-credentials.ts';
import { Admission } from './admission.ts';
import { type AnswerOptions, answerLine } from './answer.ts';
import { Connection, type ConnectionListeners } from './connection.ts';
import { createConnectionMethods, type Instance } from './connection-methods.ts';
import type { ControlSocket } from './control-socket.ts';
import { createDispatcher } from './dispatch.ts';
import { renderRefusal } from './error-response.ts';
import { Farewells } from './farewells.ts';
import { Feed } from './feed.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Access, denyStranger, roleOf } from './roles.ts';

export interface ControlOptions {
  /** Listening already; ours from now on. */
  socket: ControlSocket;
  instance: Instance;
  api: ArbiterApi;
  access: Access;
  log: Log;
  clock: Clock;
  limits?: Partial<Limits>;
}

/** What one record may be long; the rest of it is in the log. */
const longestMessage = 16 * 1024;
const longestDetail = 64 * 1024;
/** Between complaints that nothing can be accepted. */
const complainMs = 10_000;

/** Answers everybody who may ask over the control socket. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #limits: Limits;
  readonly #feeds: { events: Feed; log: Feed };
  readonly #connections: Admission;
  readonly #answers: AnswerOptions;
  readonly #farewells: Farewells;
  #calls = 0;
  #refused = 0;
  #complainAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | null = null;

  constructor(options: ControlOptions) {
    const { clock, log, socket, instance } = options;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#feeds = {
      events: new Feed('events', this.#limits, clock),
      log: new Feed('log', this.#limits, clock),
    };
    this.#farewells = new Farewells(clock);
    this.#connections = new Admission(this.#limits.connections);
    const epoch = randomBytes(8).toString('hex');
    const own = createConnectionMethods(instance, this.#feeds, epoch, clock);
    const refused = () => this.#countRefusal();
    const dispatcher = createDispatcher({ ...options, own, refused });
    this.#answers = {
      dispatcher,
      limits: this.#limits,
      log,
      taken: () => this.#countCall(),
      refused,
    };
    socket.onError((error) => this.#complain(error));
    socket.accept((client) => this.#accept(client));
  }

  /** For `stats`. */
  get counts() {
    const { events, log } = this.#feeds;
    return {
      connections: this.#connections.size,
      subscribers: events.subscribers + log.subscribers,
      calls: this.#calls,
      refused: this.#refused,
      eventSeq: events.seq,
      logSeq: log.seq,
    };
  }

  /** Tells an event to who has subscribed, and to who will and wants what was before. */
  publish({ type, text, detail }: { type: string; text: string; detail?: unknown }): void {
    const event: Omit<EventView, 'seq'> = {
      at: this.#options.clock.wallTime(),
      type,
      text: cut(text),
      detail: keepShort(detail),
    };
    this.#feeds.events.publish(0, event);
  }

  publishLog({ at, level, pid, slot, message }: Omit<LogView, 'seq'>): void {
    const record: Omit<LogView, 'seq'> = { at, level, pid, slot, message: cut(message) };
    this.#feeds.log.publish(logLevels.indexOf(level), record);
  }

  /** Writes what is queued, for a while, and lets everybody go. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#options.socket.close();
    await nextTurn(); // an answer that is ready at this moment is still written
    for (const feed of Object.values(this.#feeds)) feed.flush();
    const finished = Promise.all(Array.from(this.#connections, (each) => each.finish()));
    const cancel = this.#options.clock.after(this.#limits.closeMs, () => {
      for (const connection of this.#connections) connection.destroy();
    });
    this.#farewells.close();
    await finished;
    cancel();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const { access, log } = this.#options;
    let peer: ReturnType<typeof readPeer> = null;
    try {
      peer = readPeer(socket);
    } catch (error) {
      log({ level: 'error', message: `Control: cannot tell who calls: ${messageOf(error)}` });
    }
    if (peer === null || this.#closing !== null) return void socket.destroy();
    const role = roleOf(peer, access);
    if (role === null) {
      this.#countRefusal();
      return this.#farewells.say(socket, renderRefusal(denyStranger(peer, access)));
    }
    const connection = new Connection(socket, { peer, role }, this.#limits, this.#listeners);
    if (this.#connections.add(connection)) this.#countRefusal();
    connection.start();
  }

  readonly #listeners: ConnectionListeners = {
    line: (line, connection) => answerLine(this.#answers, line, connection),
    drained: (connection) => {
      for (const feed of Object.values(this.#feeds)) feed.resume(connection);
    },
    closed: (connection) => {
      this.#connections.delete(connection);
      for (const feed of Object.values(this.#feeds)) feed.unsubscribe(connection);
    },
    dismiss: (socket, line) => this.#farewells.say(socket, line),
  };

  #countCall(): void {
    this.#calls += 1;
  }

  #countRefusal(): void {
    this.#refused += 1;
  }

  #complain(error: Error): void {
    const { clock, log } = this.#options;
    if (clock.now() < this.#complainAt) return;
    this.#complainAt = clock.now() + complainMs;
    log({ level: 'error', message: `Control: cannot accept: ${describeCause(error)}` });
  }
}

const cut = (text: string): string =>
  text.length > longestMessage ? `${text.slice(0, longestMessage)} [cut]` : text;

/** What is no JSON, or too much of it, is nothing that subscribers could use. */
function keepShort(detail: unknown): unknown {
  try {
    const text = JSON.stringify(detail) ?? 'null';
    return text.length > longestDetail ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
