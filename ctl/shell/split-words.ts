export interface Split {
  words: string[];
  /** What the last word lacks to be whole; null for a line that can be obeyed. */
  open: '"' | "'" | '\\' | null;
}

/** One word, or the blanks between two. */
const piece = /\s+|"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)|([^\s"'\\]+)/suy;

/**
 * Words as in a simple shell: blanks part them, quotes of both kinds and `\` keep them together.
 * Nothing is expanded. Within "..." only `\"` and `\\` mean something else than they are.
 */
export function splitWords(line: string): Split {
  const words: string[] = [];
  let word: string | null = null;
  let index = 0;
  while (index < line.length) {
    piece.lastIndex = index;
    const found = piece.exec(line);
    if (found === null)
      return { words: [...words, rest(word, line, index)], open: openAt(line, index) };
    const [whole, double, single, escaped, bare] = found;
    index += whole.length;
    const text = double?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? escaped ?? bare;
    if (text === undefined) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + text;
  }
  if (word !== null) words.push(word);
  return { words, open: null };
}

const rest = (word: string | null, line: string, index: number): string =>
  (word ?? '') + line.slice(index + 1);

const openAt = (line: string, index: number): Split['open'] => {
  const one = line.charAt(index);
  return one === '"' || one === "'" ? one : '\\';
};
