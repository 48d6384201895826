import type { Instruction } from '../../model/setup/setup-guide.ts';
import { wrap } from './wrap.ts';

/** What would steer the terminal; line breaks are meant. */
const CONTROL = /[^\P{Cc}\n]/gu;

/** An instruction for people: its words, then what can be pasted, each apart. */
export function instructionText({ text, shell, sql, file }: Instruction): string {
  const named = file && `${file.name}:\n\n${file.text}`;
  return [wrap(text), sql, shell, named]
    .filter((part) => part !== undefined)
    .map((part) => part.replaceAll(CONTROL, ' ').trimEnd())
    .join('\n\n');
}
