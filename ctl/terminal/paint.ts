/** What a piece of text is, for the terminal to show it so. */
export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'warn' | 'bad' | 'inverse';

const codes: Record<Exclude<Tone, 'plain'>, string> = {
  strong: '1',
  faint: '2',
  good: '32',
  warn: '33',
  bad: '31',
  inverse: '7',
};

export type Paint = (tone: Tone, text: string) => string;

/** Without colour only bold and inverse remain: they are no colours, and a selection has to be seen. */
export const createPaint =
  (color: boolean): Paint =>
  (tone, text) => {
    if (tone === 'plain' || text === '') return text;
    if (!color && tone !== 'inverse' && tone !== 'strong') return text;
    return `\x1b[${codes[tone]}m${text}\x1b[0m`;
  };
