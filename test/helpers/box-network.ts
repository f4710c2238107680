import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer, Target } from './strict-client.ts';
import { waitFor } from './wait-for.ts';

export type BoxAnswer = Pick<Answer, 'status' | 'body'>;

export interface Load {
  answered: number;
  failures: readonly string[];
  bodies: Readonly<Record<string, number>>;
}

export interface LoadOptions {
  target: Target;
  connections: number;
  keepAlive: boolean;
  path?: string;
}

/** What the program in the network is asked. */
export type Question = { id: number } & (
  | { ask: 'get'; target: Target; path: string; headers: string }
  | { ask: 'start'; load: LoadOptions }
  | { ask: 'look' | 'stop'; started: number }
);

export type Reply = { id: number } & ({ value: unknown } | { error: string });

/** Longer than anything that is waited for on purpose. */
const patienceMs = 20_000;

const program = path.join(import.meta.dirname, 'box-client.ts');

/** Requests to what listens in a box, made by a program of this machine that lives in its network. */
export class BoxNetwork {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #asked = 0;
  #errors = '';

  /** The command runs another one in the network. */
  constructor([file = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(file, [...args, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.stdin?.on('error', () => undefined); // its exit says it
    const { stdout } = this.#child;
    if (stdout)
      createInterface({ input: stdout }).on('line', (line) => {
        const reply = JSON.parse(line) as Reply;
        this.#waiting.get(reply.id)?.(reply);
        this.#waiting.delete(reply.id);
      });
    this.#child.once('exit', () => {
      for (const [id, answer] of this.#waiting)
        answer({ id, error: `the client in the box ended: ${this.#errors}` });
    });
  }

  async get(target: Target, where = '/', headers = ''): Promise<BoxAnswer> {
    return (await this.#ask({ ask: 'get', target, path: where, headers })) as BoxAnswer;
  }

  /** The body of an answer; any status but 200 is an error. */
  async body(port: number, where = '/'): Promise<string> {
    const { status, body } = await this.get({ port }, where);
    if (status !== 200) throw new Error(`Status ${status} from port ${port}: ${body}`);
    return body;
  }

  /** Strict clients until they are stopped: kept connections, and a new one for each request. */
  async load(target: Target, connections = 4, where = '/'): Promise<BoxLoad> {
    const kinds = [true, false].map((keepAlive) =>
      this.#ask({ ask: 'start', load: { target, connections, keepAlive, path: where } }),
    );
    const started = (await Promise.all(kinds)) as number[];
    return new BoxLoad(async (ask) => {
      const all = started.map((id) => this.#ask({ ask, started: id }) as Promise<Load>);
      return mergeLoads(await Promise.all(all));
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #ask(question: DistributiveOmit<Question, 'id'>): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`No answer in ${patienceMs} ms`));
      const timer = setTimeout(late, patienceMs);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        if ('error' in reply) reject(new Error(reply.error));
        else resolve(reply.value);
      });
      this.#child.stdin?.write(`${JSON.stringify({ ...question, id })}\n`);
    });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Load that goes on in a box. */
export class BoxLoad {
  readonly #ask: (what: 'look' | 'stop') => Promise<Load>;

  constructor(ask: (what: 'look' | 'stop') => Promise<Load>) {
    this.#ask = ask;
  }

  look(): Promise<Load> {
    return this.#ask('look');
  }

  stop(): Promise<Load> {
    return this.#ask('stop');
  }

  /** Goes on until so many more have been answered. */
  async more(count: number): Promise<void> {
    const { answered } = await this.look();
    await waitFor(`${count} more answers`, async () => {
      const now = await this.look();
      return now.answered >= answered + count || now.failures.length > 0;
    });
  }
}

function mergeLoads(loads: readonly Load[]): Load {
  const bodies: Record<string, number> = {};
  for (const load of loads)
    for (const [body, count] of Object.entries(load.bodies))
      bodies[body] = (bodies[body] ?? 0) + count;
  return {
    answered: loads.reduce((sum, load) => sum + load.answered, 0),
    failures: loads.flatMap((load) => load.failures),
    bodies,
  };
}
