const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const letters = ['_', '.', ':', '-', '=', '+', '*', '#'] as const;

/** One character for each value, from nothing to `top`; what is not known is a gap. */
export function renderSparkline(
  values: readonly (number | null)[],
  top: number,
  unicode: boolean,
): string {
  const ramp = unicode ? blocks : letters;
  return values
    .map((value) => {
      if (value === null) return ' ';
      // Little is not nothing.
      const level = value <= 0 || top <= 0 ? 0 : Math.max(1, Math.ceil((value / top) * 7));
      return ramp[Math.min(7, level)];
    })
    .join('');
}
