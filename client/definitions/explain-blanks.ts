import type { DefinitionProblem } from './definition-problem.ts';

/** Begins the comment of an option that a person has to fill in; `cdi migrate` writes such files. */
export const FILL_IN = 'FILL IN: ';

const BLANK = new RegExp(`^[^#]*:\\s*# ${FILL_IN}(.*)$`);

/**
 * Options that somebody has still to fill in are told as such, once each, rather than as values that do not fit.
 *
 * @param text of the file
 */
export function explainBlanks(problems: readonly DefinitionProblem[], text: string): DefinitionProblem[] {
  const lines = text.split('\n');
  const told = new Set<number>();
  return problems.flatMap((problem) => {
    const what = BLANK.exec(lines[problem.line - 1]?.trimEnd() ?? '')?.[1];
    if (what === undefined) return [problem];
    if (told.has(problem.line)) return [];
    told.add(problem.line);
    return [{ ...problem, message: 'has still to be filled in', fix: what }];
  });
}
