/** One line of a worker's log. Pure. */
import { z } from 'zod';

const entry = z.looseObject({
  level: z.number(),
  time: z.number(),
  msg: z.string().default(''),
  run: z.string().optional(),
  runId: z.string().optional(),
});

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** What is the same in every line of a run, or of a worker. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'pid', 'host', 'run', 'runId', 'sync']);
/** As many characters of a run's id as tell it from others. */
const LEAST_CHARACTERS = 8;

/** @param run the id of a run, or the beginning of one */
export function isLineOf(line: string, run: string): boolean {
  const parsed = parse(line);
  if (!parsed) return false;
  const matches = (id: string | undefined): boolean =>
    id === run || (run.length >= LEAST_CHARACTERS && id?.startsWith(run) === true);
  return matches(parsed.run) || matches(parsed.runId);
}

/** @returns for example `2026-01-31 08:15:00.250 warn  The source has no column PAYLOAD. activity=testConnection attempt=1` */
export function readableLine(line: string): string {
  const parsed = parse(line);
  if (!parsed) return line;
  const time = new Date(parsed.time).toISOString().replace('T', ' ').replace('Z', '');
  const level = (LEVELS[parsed.level] ?? String(parsed.level)).padEnd(5);
  const fields = Object.entries(parsed)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [time, level, parsed.msg, ...fields].join(' ');
}

function parse(line: string): z.infer<typeof entry> | undefined {
  try {
    return entry.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
