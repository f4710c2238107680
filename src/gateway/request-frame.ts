import { writeFrameHeader } from '../protocol/frames.ts';
import { frameHeaderSize, frameTypes } from '../protocol/link.ts';

export interface RequestFrame {
  stream: number;
  flags: number;
  /** Latin-1, as HTTP has it. */
  head: string;
  body: Uint8Array | null;
}

/** The frame that begins a request, made in one piece. */
export function encodeRequest({ stream, flags, head, body }: RequestFrame): Buffer {
  const length = head.length + (body?.length ?? 0);
  const bytes = Buffer.allocUnsafe(frameHeaderSize + length);
  bytes.write(head, frameHeaderSize, 'latin1');
  if (body) bytes.set(body, frameHeaderSize + head.length);
  const header = { type: frameTypes.request, flags, stream, code: head.length };
  writeFrameHeader(bytes, header, length);
  return bytes;
}
