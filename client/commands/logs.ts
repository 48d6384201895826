/** `cdi logs RUN`: what the worker logged about a run. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { logOf, homeAt } from '../up/home.ts';
import { isLineOf, readableLine } from './log-line.ts';

/**
 * @param run its id, or the first eight characters of it or more
 * @param input lines of logs from elsewhere, instead of those of `cdi up`
 * @throws CommandError `notFound` where no line is about it, `usage` where there are no logs
 */
export async function showLogs(
  output: Output,
  run: string,
  home: string,
  input: Readable | undefined,
): Promise<void> {
  let found = 0;
  for (const stream of input === undefined ? await workerLogs(home) : [input]) {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      if (!isLineOf(line, run)) continue;
      found += 1;
      output.print(output.json ? line : readableLine(line));
    }
  }
  if (found === 0)
    throw new CommandError(EXIT.notFound, `No line is about the run ${run}. See \`cdi runs SYNC\`.`);
}

/** The worker's log of a home folder and those before it, oldest first. */
async function workerLogs(home: string): Promise<Readable[]> {
  const { logs } = homeAt(home);
  const names = await readdir(logs).catch(() => []);
  const numbers = names.flatMap((name) => {
    const number = /^worker\.log(?:\.(\d+))?$/.exec(name);
    return number ? [Number(number[1] ?? 0)] : [];
  });
  if (numbers.length === 0) {
    throw new CommandError(
      EXIT.usage,
      `There are no logs of a worker in ${logs}. Give them with --stdin, as in: kubectl logs … | cdi logs RUN --stdin`,
    );
  }
  const base = logOf(homeAt(home), 'worker');
  return numbers
    .toSorted((a, b) => b - a)
    .map((number) => createReadStream(number === 0 ? base : `${base}.${number}`));
}
