import type { FrameHeader } from '../protocol/frames.ts';
import { frameFlags, frameTypes } from '../protocol/link.ts';

const answers: ReadonlySet<number> = new Set([frameTypes.response, frameTypes.data]);

const last: ReadonlySet<number> = new Set([
  frameTypes.abort,
  frameTypes.trailers,
  frameTypes.reject,
  frameTypes.wsClose,
]);

/** After such a frame the worker has done with the request. A file ends it when it was taken. */
export const endsStream = ({ type, flags }: FrameHeader): boolean =>
  last.has(type) || ((flags & frameFlags.end) !== 0 && answers.has(type));
