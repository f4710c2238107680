import { setTimeout as delay } from 'node:timers/promises';
import type { MethodName, Params, Result } from '../../src/protocol/control/methods.ts';
import { ControlClient } from '../client.ts';
import type { LiveWords } from './complete.ts';

/** Nobody waits longer for a prompt. */
const patienceMs = 1000;

/** Tells prompt and completion how the instance is, over a connection of its own that is renewed. */
export class InstanceWatch implements LiveWords {
  #client: ControlClient;
  #isLost = false;
  /** The first connection is the caller's. */
  #isOwn = false;

  constructor(client: ControlClient) {
    this.#client = client;
    this.#watch(client);
  }

  /** Null when it does not answer. */
  async generation(): Promise<number | null> {
    return (await this.#ask('status', {}))?.generation ?? null;
  }

  async slots(): Promise<string[]> {
    const workers = (await this.#ask('workers', {})) ?? [];
    const slots = workers.flatMap(({ kind, slot }) => (kind === 'gateway' ? [] : [slot]));
    return [...new Set(slots)].toSorted((a, b) => a - b).map(String);
  }

  async settings(): Promise<string[]> {
    return ((await this.#ask('config', {})) ?? []).map(({ name }) => name);
  }

  async operations(): Promise<string[]> {
    return ((await this.#ask('status', {}))?.operations ?? []).map(({ op }) => `op:${op}`);
  }

  close(): void {
    if (this.#isOwn) this.#client.close();
  }

  #watch(client: ControlClient): void {
    void client.closed.then(() => {
      if (this.#client === client) this.#isLost = true;
    });
  }

  /** Null for any failure: the command that comes next will tell it better. */
  async #ask<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M> | null> {
    try {
      const answer = this.#connected().then((client) => client.call(method, params));
      answer.catch(() => undefined); // it may come when nobody waits for it any more
      return await Promise.race([answer, delay(patienceMs, null, { ref: false })]);
    } catch {
      return null; // a TsgunError
    }
  }

  async #connected(): Promise<ControlClient> {
    if (!this.#isLost) return this.#client;
    this.#client = await ControlClient.connect(this.#client.path);
    this.#isOwn = true;
    this.#isLost = false;
    this.#watch(this.#client);
    return this.#client;
  }
}
