import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from '../../src/core/clock.ts';
import { messageOf } from '../../src/core/errors.ts';
import type { ProgressView } from '../../src/protocol/control/views.ts';
import type { ControlClient } from '../client.ts';
import { createPaint } from '../terminal/paint.ts';
import { Screen } from '../terminal/screen.ts';
import { listenForKeys } from './keyboard.ts';
import type { Key } from './keys.ts';
import { Link } from './link.ts';
import { describeOperation, type Operation, perform } from './perform.ts';
import { type Command, press } from './press.ts';
import { type Look, render } from './render.ts';
import {
  initialState,
  loseConnection,
  missAnswer,
  say,
  type TopState,
  takeAnswer,
} from './state.ts';

interface DashboardOptions {
  instance: string;
  color: boolean;
  unicode: boolean;
  stdin: ReadStream;
  stdout: WriteStream;
  onQuit(): void;
  /** The terminal has gone. */
  onGone(): void;
}

/** Long enough for the kernel to stop the process, which goes on here when it is continued. */
const suspendMs = 50;

/** Joins state, connection, keyboard and screen: whatever happens changes the state, which is drawn. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #clock: Clock;
  readonly #look: Look;
  readonly #link: Link;
  readonly #screen: Screen;
  #state: TopState;
  #stopListening = () => {};
  #cancelResume = () => {};

  constructor(client: ControlClient, clock: Clock, options: DashboardOptions) {
    this.#options = options;
    this.#clock = clock;
    this.#look = { paint: createPaint(options.color), unicode: options.unicode };
    this.#state = initialState(options.instance, clock.now());
    this.#screen = new Screen(options.stdin, options.stdout, options.onGone);
    this.#link = new Link(client, clock, {
      answer: (status, workers) => this.#change((state) => takeAnswer(state, status, workers)),
      miss: () => this.#change(missAnswer),
      lost: (why) => this.#change((state) => loseConnection(state, why)),
      trouble: (error) => this.#change((state) => say(state, 'bad', messageOf(error))),
      progress: (progress) => this.#change((state) => say(state, 'plain', describe(progress))),
    });
  }

  open(): void {
    this.#screen.open();
    this.#stopListening = listenForKeys(this.#options.stdin, this.#clock, (key) =>
      this.#press(key),
    );
    this.#options.stdout.on('resize', this.#redraw);
    process.on('SIGCONT', this.#retake);
    this.#draw();
    this.#link.start();
  }

  close(): void {
    this.#cancelResume();
    this.#link.close();
    this.#stopListening();
    this.#options.stdout.removeListener('resize', this.#redraw);
    process.removeListener('SIGCONT', this.#retake);
    this.#screen.close();
  }

  /** Draws before it keeps the state: what cannot be drawn, because an instance of another version answers otherwise, throws here and changes nothing. */
  #change(how: (state: TopState) => TopState): void {
    const next = how({ ...this.#state, now: this.#clock.now() });
    this.#screen.draw(render(next, this.#screen.size, this.#look));
    this.#state = next;
  }

  #draw(): void {
    this.#change((state) => state);
  }

  readonly #redraw = (): void => {
    this.#screen.clear();
    this.#draw();
  };

  readonly #retake = (): void => {
    this.#screen.retake();
    this.#draw();
  };

  #press(key: Key): void {
    const { state, command } = press(this.#state, key, this.#screen.size);
    this.#change((before) => ({ ...state, now: before.now }));
    if (command) this.#run(command);
  }

  #run(command: Command): void {
    switch (command.do) {
      case 'quit':
        return this.#options.onQuit();
      case 'redraw':
        return this.#redraw();
      case 'suspend':
        return this.#suspend();
      default:
        void this.#perform(command);
    }
  }

  async #perform(operation: Operation): Promise<void> {
    this.#change((state) => say(state, 'plain', `${describeOperation(operation)} ...`));
    const outcome = await perform(() => this.#link.client, operation);
    this.#change((state) =>
      'tone' in outcome
        ? say(state, outcome.tone, outcome.text)
        : { ...state, message: null, overlay: { kind: 'text', top: 0, ...outcome } },
    );
    await this.#link.ask();
  }

  #suspend(): void {
    this.#screen.close();
    process.kill(0, 'SIGTSTP');
    this.#cancelResume = this.#clock.after(suspendMs, () => {
      this.#screen.open();
      this.#draw();
    });
  }
}

const describe = ({ op, method, phase, text, done, total }: ProgressView): string =>
  `op:${op} ${method} ${phase}: ${text}${done !== null && total !== null ? ` (${done}/${total})` : ''}`;
