/** Options of the command line that may be given several times, and more than one command has. */

export const list = (text: string, before: string[]): string[] => [...before, text];

export const watermarkAnswers = [
  '--watermark <NAME=keep|reset>',
  'what becomes of the watermark of a sync that reads or sends elsewhere now; may be repeated',
] as const;
