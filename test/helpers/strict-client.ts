import net from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export type Target = { port: number; host?: string } | { path: string };

export interface Answer {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: string;
}

/**
 * One HTTP/1.1 connection over a bare socket that forgives nothing: a reset, an end in the middle of
 * an answer, or an end after a request was written is an error, on a reused connection as well.
 */
export class StrictConnection {
  readonly #socket: net.Socket;
  #received = '';
  #total = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.setNoDelay(true);
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#total += text.length;
      this.#wake();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#error = error;
      this.#wake();
    });
  }

  static open(target: Target): Promise<StrictConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect('path' in target ? target : { host: '127.0.0.1', ...target });
      const failed = (error: Error) => reject(new Error(`connect: ${error.message}`));
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.removeListener('error', failed);
        resolve(new StrictConnection(socket));
      });
    });
  }

  /** Bytes read so far. */
  get received(): number {
    return this.#total;
  }

  /** The server has closed: between requests that is its right. */
  get closed(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Reads nothing more until `resume`: the server's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async get(path = '/', headers = ''): Promise<Answer> {
    this.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
    return this.answer();
  }

  /** The next whole answer. */
  async answer(): Promise<Answer> {
    const head = await this.#until(() => {
      const end = this.#received.indexOf('\r\n\r\n');
      return end < 0 ? undefined : this.#take(end + 4);
    }, 'head');
    const [statusLine = '', ...lines] = head.trimEnd().split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
    if (!status) throw new Error(`no status line: ${statusLine}`);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    return { status, headers, body: await this.#body(headers) };
  }

  close(): void {
    this.#socket.destroy();
  }

  async #body(headers: ReadonlyMap<string, string>): Promise<string> {
    const length = headers.get('content-length');
    if (length !== undefined) return this.#bytes(Number(length));
    if (headers.get('transfer-encoding') !== 'chunked') return '';
    for (let body = ''; ; ) {
      const size = await this.#until(() => {
        const end = this.#received.indexOf('\r\n');
        return end < 0 ? undefined : this.#take(end + 2);
      }, 'chunk size');
      const chunk = await this.#bytes(Number.parseInt(size, 16) + 2);
      if (chunk.length === 2) return body;
      body += chunk.slice(0, -2);
    }
  }

  #bytes(count: number): Promise<string> {
    return this.#until(
      () => (this.#received.length < count ? undefined : this.#take(count)),
      'body',
    );
  }

  #take(count: number): string {
    const taken = this.#received.slice(0, count);
    this.#received = this.#received.slice(count);
    return taken;
  }

  async #until(look: () => string | undefined, what: string): Promise<string> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#error) throw new Error(`${what}: ${this.#error.message}`);
      if (this.#ended)
        throw new Error(`${what}: the connection ended, ${this.#received.length} bytes in`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export interface HammerOptions {
  target: Target;
  /** Concurrent connections. */
  connections: number;
  /** Reuse a connection until the server closes it, or open one for each request. */
  keepAlive: boolean;
  path?: string;
  /** Told of every failure as it happens. */
  onFailure?(failure: string): void;
}

export interface Hammer {
  /** Requests answered in full so far. */
  readonly answered: number;
  readonly failures: readonly string[];
  /** How many answers had each body. */
  readonly bodies: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Load without pause until stopped; everything but a whole answer with status 200 is a failure. */
export function hammer(
  t: Pick<TestContext, 'after'>,
  { target, connections, keepAlive, path = '/', onFailure }: HammerOptions,
): Hammer {
  const failures: string[] = [];
  const bodies = new Map<string, number>();
  const state = { answered: 0, stopped: false };
  const fail = (failure: string) => {
    failures.push(failure);
    onFailure?.(failure);
  };
  const ask = async (connection: StrictConnection) => {
    const { status, headers, body } = await connection.get(path);
    if (status !== 200) fail(`status ${status}`);
    state.answered += 1;
    if (bodies.size < 1000 || bodies.has(body)) bodies.set(body, (bodies.get(body) ?? 0) + 1);
    return headers.get('connection')?.toLowerCase() !== 'close';
  };
  const client = async () => {
    while (!state.stopped) {
      let connection: StrictConnection | undefined;
      try {
        connection = await StrictConnection.open(target);
        let reusable = true;
        do reusable = await ask(connection);
        while (keepAlive && reusable && !connection.closed && !state.stopped);
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
        await delay(5); // where nobody listens there would be thousands a second
      } finally {
        connection?.close();
      }
    }
  };
  const clients = Array.from({ length: connections }, client);
  t.after(() => {
    state.stopped = true;
  });
  return {
    get answered() {
      return state.answered;
    },
    failures,
    bodies,
    async stop() {
      state.stopped = true;
      await Promise.all(clients);
    },
  };
}

/** One request on a connection of its own. */
export async function fetchOnce(target: Target, path = '/', headers = ''): Promise<Answer> {
  const connection = await StrictConnection.open(target);
  try {
    return await connection.get(path, `${headers}Connection: close\r\n`);
  } finally {
    connection.close();
  }
}
