import { formatValue } from '../output/format.ts';
import type { Line, Renderer } from '../output/look.ts';

/** Whatever has no form of its own, or a form that this version does not know. */
export const genericRenderer: Renderer<unknown> = {
  lines: (data): Line[] =>
    isPlain(data)
      ? [[formatValue(data)]]
      : JSON.stringify(data, null, 2)
          .split('\n')
          .map((line): Line => [line]),
};

const isPlain = (data: unknown): boolean =>
  typeof data !== 'object' || data === null || data === undefined;
