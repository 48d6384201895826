/** Where commands write: results to standard output, everything else to standard error. */
export interface Output {
  /** Results for scripts were asked for (`--json`). */
  readonly json: boolean;
  /** A result. */
  print(text: string): void;
  /** A remark beside the result. */
  say(text: string): void;
  /** Whether progress may redraw a line. */
  readonly interactive: boolean;
  /** Redraws the progress line; empty text removes it. */
  progress(text: string): void;
}

export function terminalOutput(json: boolean): Output {
  const interactive = process.stderr.isTTY;
  return {
    json,
    interactive,
    print: (text) => void process.stdout.write(`${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
    progress: (text) => {
      if (interactive) process.stderr.write(`\r\u001b[2K${text}`);
    },
  };
}
