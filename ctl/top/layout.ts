export interface Size {
  columns: number;
  rows: number;
}

/** Which parts of the screen there is room for, from the least to the most important. */
export function partsOf({ rows }: Size): { graphs: boolean; head: number; footer: boolean } {
  const graphs = rows >= 14;
  if (rows < 8) return { graphs, head: 1, footer: false };
  return { graphs, head: graphs ? 6 : 3, footer: true };
}

/** Lines for workers, or for the text of an overlay, which leaves the head out. */
export function pageOf(size: Size, overlay: boolean): number {
  const { head, footer } = partsOf(size);
  const others = overlay ? 2 : head + 2 + Number(footer);
  return Math.max(1, size.rows - others);
}
