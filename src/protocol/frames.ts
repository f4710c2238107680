import { frameHeaderSize, frameMagic, frameTypes, mostFrameBytes } from './link.ts';

/** What came is no frame of ours; the connection cannot be read any further. */
export class FrameError extends Error {}

export interface FrameHeader {
  type: number;
  flags: number;
  stream: number;
  code: number;
}

/** Writes a header over the first bytes of `bytes`. */
export function writeFrameHeader(bytes: Buffer, header: FrameHeader, length: number): void {
  const { type, flags, stream, code } = header;
  bytes[0] = frameMagic;
  bytes[1] = type;
  bytes[2] = flags;
  bytes[3] = 0;
  bytes.writeUInt32LE(stream, 4);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt32LE(code, 12);
}

export function encodeFrame(header: FrameHeader, payload: Uint8Array = noBytes): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderSize + payload.length);
  writeFrameHeader(bytes, header, payload.length);
  bytes.set(payload, frameHeaderSize);
  return bytes;
}

const noBytes = new Uint8Array(0);

/** `payload` is good only during the call: its bytes are used again. */
export type OnFrame = (header: FrameHeader, payload: Buffer) => void;

const knownTypes: ReadonlySet<number> = new Set(Object.values(frameTypes));

/** Cuts a stream of bytes into frames, whatever pieces it comes in. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** Of a frame that is not whole, as it came. */
  #pieces: Buffer[] = [];
  #kept = 0;
  /** Bytes that it takes to go on. */
  #wanted = frameHeaderSize;
  #closed = false;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Throws FrameError. */
  push(chunk: Buffer): void {
    if (this.#kept === 0) return this.#read(chunk);
    this.#pieces.push(Buffer.from(chunk));
    this.#kept += chunk.length;
    if (this.#kept < this.#wanted) return;
    const whole = Buffer.concat(this.#pieces, this.#kept);
    this.#pieces = [];
    this.#kept = 0;
    this.#read(whole);
  }

  /** Reads nothing more, also of what has come already. */
  close(): void {
    this.#closed = true;
    this.#pieces = [];
  }

  #read(bytes: Buffer): void {
    let at = 0;
    while (bytes.length - at >= frameHeaderSize) {
      const end = at + frameHeaderSize + readLength(bytes, at);
      if (end > bytes.length) break;
      const header = readHeader(bytes, at);
      this.#onFrame(header, bytes.subarray(at + frameHeaderSize, end));
      if (this.#closed) return;
      at = end;
    }
    if (at < bytes.length) this.#keep(at === 0 ? bytes : bytes.subarray(at));
  }

  /** A copy, because what was read is overwritten by what is read next. */
  #keep(rest: Buffer): void {
    this.#pieces.push(Buffer.from(rest));
    this.#kept = rest.length;
    this.#wanted = frameHeaderSize;
    if (rest.length >= frameHeaderSize) this.#wanted += readLength(rest, 0);
  }
}

function readLength(bytes: Buffer, at: number): number {
  if (bytes[at] !== frameMagic) throw new FrameError(`no frame begins with byte ${bytes[at]}`);
  const type = bytes[at + 1] ?? 0;
  if (!knownTypes.has(type)) throw new FrameError(`no frame is of type ${type}`);
  const length = bytes.readUInt32LE(at + 8);
  if (length > mostFrameBytes) throw new FrameError(`a frame of ${length} bytes is too long`);
  return length;
}

const readHeader = (bytes: Buffer, at: number): FrameHeader => ({
  type: bytes[at + 1] ?? 0,
  flags: bytes.readUInt16LE(at + 2),
  stream: bytes.readUInt32LE(at + 4),
  code: bytes.readUInt32LE(at + 12),
});
