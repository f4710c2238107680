import { close, createReadStream, fstatSync, openSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

/** A part of an open file. */
export interface FilePart {
  fd: number;
  start: number;
  length: number;
}

/** Opens what a worker has open; null when that cannot be had, and the worker has to send it. */
export function openWorkerFile(pid: number, fd: number, payload: Buffer): FilePart | null {
  if (payload.length !== 16) return null;
  const start = Number(payload.readBigUInt64LE(0));
  const length = Number(payload.readBigUInt64LE(8));
  if (!Number.isSafeInteger(start + length)) return null;
  try {
    const opened = openSync(`/proc/${pid}/fd/${fd}`, 'r');
    if (fstatSync(opened).isFile()) return { fd: opened, start, length };
    closeLater(opened);
  } catch {
    // Another user's, or gone.
  }
  return null;
}

/** Settles the answer; `onEnd` is told whether the client got all of it. */
export function sendFile(
  { fd, start, length }: FilePart,
  res: ServerResponse,
  onEnd: (bytes: number) => void,
): void {
  if (length === 0) {
    closeLater(fd);
    return onEnd(0);
  }
  const file = createReadStream('', {
    fd,
    start,
    end: start + length - 1,
    highWaterMark: 256 * 1024,
  });
  file.once('close', () => onEnd(file.bytesRead));
  file.on('error', () => undefined); // the bytes that were read tell
  res.once('close', () => file.destroy());
  file.pipe(res, { end: false });
}

const closeLater = (fd: number): void => close(fd, () => undefined);
