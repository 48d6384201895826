import type { Output } from '../../client/output/output.ts';

/** An output that keeps what a command wrote. */
export function silentOutput(json = false): Output & { readonly printed: string[]; readonly said: string[] } {
  const printed: string[] = [];
  const said: string[] = [];
  return {
    json,
    interactive: false,
    printed,
    said,
    print: (text) => void printed.push(text),
    say: (text) => void said.push(text),
    progress: () => undefined,
  };
}
