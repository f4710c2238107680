export interface Row {
  what: string;
  measured: string;
  ratio: number;
  /** The ratio wanted, and whether it is a floor or a ceiling. */
  target: number;
  better: 'more' | 'less';
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function printTable(rows: readonly Row[]): void {
  const cells = rows.map(({ what, measured, ratio, target, better }) => {
    const met = better === 'more' ? ratio >= target : ratio <= target;
    const sign = better === 'more' ? '>=' : '<=';
    return [what, measured, ratio.toFixed(3), `${sign} ${target}`, met ? 'met' : 'missed'];
  });
  const head = ['scenario', 'measured (medians)', 'value', 'target', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [head, ...cells]) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}
