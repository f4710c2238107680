import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type BigIntStats, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { describeCause, errnoOf, TsgunError } from '../core/errors.ts';
import { withFileLock } from '../process/file-lock.ts';
import { findSocket, probeSocket, setRights } from '../sockets/socket-file.ts';
import { makeFolders, removeFolders } from './folders.ts';

export interface ControlSocketOptions {
  path: string;
  mode: number;
  group: number | null;
  /** Take the name over even from a living process: the one that we succeed after an upgrade. */
  replace?: boolean;
  /** Folders that our predecessor had to make, so that they go with us. */
  folders?: readonly string[];
}

/** Longest path that fits a `sockaddr_un` with its final zero: unix(7). */
const longestPath = 107;
/** The kernel keeps them until we get to them. */
const backlog = 4096;
/** Before anybody asks for them. */
const mostEarly = 256;

/** A listening Unix socket whose file has the right mode from its first moment. */
export class ControlSocket {
  readonly path: string;
  /** That were made for it. */
  readonly folders: readonly string[];
  readonly #server: Server;
  readonly #file: BigIntStats;
  readonly #early: Socket[] = [];
  #listener: ((socket: Socket) => void) | null = null;

  private constructor(server: Server, name: { path: string; folders: readonly string[] }) {
    const file = findSocket(name.path);
    if (!file) throw new Error('somebody has removed it');
    this.path = name.path;
    this.folders = name.folders;
    this.#server = server;
    this.#file = file;
    server.on('connection', (socket) => this.#receive(socket));
  }

  /** Throws TSGUN_E_CONTROL. */
  static async open(options: ControlSocketOptions): Promise<ControlSocket> {
    try {
      checkLength(options.path);
      return await ControlSocket.#openIn(options, 3);
    } catch (cause) {
      if (cause instanceof TsgunError) throw cause;
      throw refuse(options.path, describeCause(cause), cause);
    }
  }

  static async #openIn(options: ControlSocketOptions, tries: number): Promise<ControlSocket> {
    const made: string[] = [];
    try {
      made.push(...makeFolders(path.dirname(options.path)));
      const server = await withFileLock(`${options.path}.lock`, () => putInPlace(options));
      const folders = [...(options.folders ?? []), ...made];
      return new ControlSocket(server, { path: options.path, folders });
    } catch (error) {
      removeFolders(made);
      // The folder of a process that ends at this moment goes with it.
      if (errnoOf(error) === 'ENOENT' && tries > 1)
        return ControlSocket.#openIn(options, tries - 1);
      throw error;
    }
  }

  /** From now on every connection, paused, and those that have come before. */
  accept(listener: (socket: Socket) => void): void {
    this.#listener = listener;
    for (const socket of this.#early.splice(0)) if (!socket.destroyed) listener(socket);
  }

  /** Errors of accept(2): descriptors run out. */
  onError(listener: (error: Error) => void): void {
    this.#server.removeAllListeners('error');
    this.#server.on('error', listener);
  }

  /** Whether its name still leads to us, and not to a successor. */
  get isCurrent(): boolean {
    try {
      const there = findSocket(this.path);
      return there !== null && isSame(there, this.#file);
    } catch {
      return false; // what is there is no socket
    }
  }

  /** Accepts nothing more; the file goes unless a successor has put its own there. */
  async close(): Promise<void> {
    const remove = () => this.#removeFile();
    // Without its folder there is nothing to lock and nothing to remove.
    await withFileLock(`${this.path}.lock`, remove).catch(remove);
    for (const socket of this.#early.splice(0)) socket.destroy();
    this.#server.close();
    removeFolders(this.folders);
  }

  #removeFile(): void {
    try {
      const there = findSocket(this.path);
      if (there && isSame(there, this.#file)) rmSync(this.path, { force: true });
    } catch {
      // What is there is no socket, or not for us to touch: it is not ours.
    }
  }

  #receive(socket: Socket): void {
    if (this.#listener) return this.#listener(socket);
    socket.on('error', () => socket.destroy());
    if (this.#early.push(socket) > mostEarly) this.#early.shift()?.destroy();
  }
}

/** An inode number alone is used again for the next file. */
const isSame = (a: BigIntStats, b: BigIntStats): boolean =>
  a.dev === b.dev && a.ino === b.ino && a.mtimeNs === b.mtimeNs;

/** Only a refused connection proves that nobody serves a socket. */
async function isServed(file: string): Promise<boolean> {
  const error = await probeSocket(file);
  if (error === null) return true;
  if (['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')) return false;
  throw error;
}

/** Where it is made: in the same folder, so that it can be renamed. */
const temporaryName = (file: string): string =>
  path.join(path.dirname(file), `.${randomBytes(4).toString('hex')}`);

function checkLength(file: string): void {
  if (Buffer.byteLength(file) > longestPath)
    throw refuse(file, `the path is longer than ${longestPath} bytes`);
  if (Buffer.byteLength(temporaryName(file)) > longestPath)
    throw refuse(file, 'the path of its folder is too long');
}

/** Everybody who starts does this under the lock, so exactly one finds the name free. */
async function putInPlace(options: ControlSocketOptions): Promise<Server> {
  const { path: file, mode, group, replace = false } = options;
  const there = findSocket(file);
  if (there && !replace && (await isServed(file)))
    throw refuse(file, 'another process listens there', undefined, { taken: true });
  const temporary = temporaryName(file);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  try {
    await listenPrivately(server, temporary);
    setRights(temporary, { mode, owner: group === null ? null : { uid: -1, gid: group } });
    findSocket(file); // not replaced by something precious meanwhile
    renameSync(temporary, file);
    return server;
  } catch (error) {
    server.close();
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Node binds before `listen` returns, so nobody else's file is made under this umask. */
async function listenPrivately(server: Server, file: string): Promise<void> {
  const umask = process.umask(0o177);
  try {
    server.listen({ path: file, backlog });
  } finally {
    process.umask(umask);
  }
  await once(server, 'listening');
  server.on('error', () => undefined); // of accept(2), until somebody wants to hear of it
}

const refuse = (
  file: string,
  why: string,
  cause?: unknown,
  detail: Record<string, unknown> = {},
): TsgunError =>
  new TsgunError('TSGUN_E_CONTROL', `Cannot use control socket "${file}": ${why}`, {
    cause,
    detail,
  });

/** Whether a socket could not be had because somebody living has it. */
export const isTaken = (error: unknown): boolean =>
  error instanceof TsgunError && error.detail['taken'] === true;
