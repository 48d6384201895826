/** One thing that is wrong with a definition file, told so that it can be mended without looking anything up. */
export interface DefinitionProblem {
  /** Relative to the folder that was read. */
  readonly file: string;
  /** Counted from 1; 0 where the file as a whole is meant. */
  readonly line: number;
  /** The option, such as `schedule.every`; empty for the whole document. */
  readonly path: string;
  /** What is wrong. Never holds a value of the file: it might be a secret. */
  readonly message: string;
  /** What to do. */
  readonly fix?: string;
}

/** @returns `syncs/users.yaml:12: schedule.every: is not valid; write one of 5m, 10m …` */
export function formatProblem({ file, line, path, message, fix }: DefinitionProblem): string {
  const place = line > 0 ? `${file}:${line}` : file;
  return [place, path, fix === undefined ? message : `${message}; ${fix}`].filter(Boolean).join(': ');
}
