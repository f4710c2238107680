import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import { FrameReader, type OnFrame } from '../protocol/frames.ts';
import { duplicateDescriptor } from '../sockets/duplicate.ts';

export interface LinkConnectionOptions {
  onFrame: OnFrame;
  /** Once; `broken` tells what was no frame of ours. */
  onClose(broken: string | null): void;
  /** What was held back by a full socket has gone. */
  onDrain(): void;
}

/** Everything is read into this, and is good until the next read. */
const buffer = Buffer.allocUnsafeSlow(256 * 1024);

/** One connection of a worker: frames in, bytes out. */
export class LinkConnection {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #fd: number;
  #onClose: LinkConnectionOptions['onClose'] | null;

  /** Takes over a socket that was accepted: only one that is made anew can be read this fast. */
  constructor(accepted: Socket, { onFrame, onClose, onDrain }: LinkConnectionOptions) {
    this.#reader = new FrameReader(onFrame);
    this.#onClose = onClose;
    this.#fd = duplicateDescriptor(descriptorOf(accepted));
    accepted.destroy();
    const socket = new Socket({ fd: this.#fd, onread: { buffer, callback: this.#read } });
    this.#socket = socket;
    socket.on('drain', onDrain);
    socket.on('error', () => undefined); // `close` follows, and all that counts is that it did
    socket.once('close', () => this.#end(null));
  }

  /** False when it is better to wait for `onDrain` before there is more. */
  send(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true; // and `onClose` has to be enough
    if (socket.writableLength > 0) return socket.write(bytes);
    const written = this.#writeNow(bytes);
    return written === bytes.length || socket.write(bytes.subarray(written));
  }

  /** Takes nothing in until `resume`, so that the worker's writes have to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** At once; what the worker writes from now on fails. */
  close(): void {
    this.#end(null);
  }

  /** What it sends makes no sense. */
  breakOff(why: string): void {
    this.#end(why);
  }

  /** Before anything else happens, so that nobody is sent here any more. */
  #end(broken: string | null): void {
    const onClose = this.#onClose;
    this.#onClose = null;
    this.#reader.close();
    this.#socket.destroy();
    onClose?.(broken);
  }

  /** Without the machinery of a stream, which would cost more than the write itself. */
  #writeNow(bytes: Buffer): number {
    if (this.#fd < 0) return 0;
    try {
      return writeSync(this.#fd, bytes);
    } catch {
      return 0; // it is full, or broken, and the stream knows what to do
    }
  }

  readonly #read = (length: number): boolean => {
    try {
      this.#reader.push(buffer.subarray(0, length));
    } catch (error) {
      this.breakOff(messageOf(error));
    }
    return true;
  };
}

/** Node keeps the descriptor of a socket to itself. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : null;
  return typeof fd === 'number' ? fd : -1;
}
