/** `cdi rejected`: the rows that failed validation or that Braze refused, to look at or to export. */
import { IDENTIFIER_COLUMNS } from '../../model/row.ts';
import type { RejectedRow } from '../../store/rejected-rows.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { csvLine } from '../output/csv.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';
import { requireSync } from './require-sync.ts';

export interface RejectedOptions {
  /** Default: the newest run that rejected rows, else the newest. */
  readonly run: string | undefined;
  readonly format: 'table' | 'csv' | 'json';
}

const PAGE = 1_000;
const COLUMNS = ['updatedAt', ...IDENTIFIER_COLUMNS, 'id', 'payload'] as const;

/** @throws CommandError `notFound` where the sync has no such run */
export async function showRejected(
  session: Session,
  output: Output,
  name: string,
  options: RejectedOptions,
): Promise<void> {
  await requireSync(session, name);
  const run =
    options.run === undefined
      ? await newestRejecting(session, name)
      : await requireRun(session, name, options.run);
  if (run === undefined) {
    output.say(`${name} has not run yet.`);
    return;
  }
  if (options.format === 'table') {
    const counts = await session.ledger.rejectedRows.countsByReason(run);
    if (counts.length === 0) output.say(`Run ${run} rejected no rows.`);
    else
      output.print(
        table(
          ['ROWS', 'CODE', 'REASON'],
          counts.map(({ count, code, reason }) => [count, code, reason]),
        ),
      );
    return;
  }
  if (options.format === 'csv')
    output.print(
      csvLine(['run', 'rejected_at', ...COLUMNS.map(snake), 'deleted', 'code', 'reason', 'origin']),
    );
  for await (const rejected of all(session, name, run)) {
    const { row, code, reason, origin, rejectedAt, settledBy } = rejected;
    if (options.format === 'json') {
      output.print(
        JSON.stringify({
          run,
          rejectedAt: rejectedAt.toISOString(),
          code,
          reason,
          origin,
          settledBy,
          ...row,
        }),
      );
      continue;
    }
    const deleted = row.deleted === null ? null : String(row.deleted);
    output.print(
      csvLine([
        run,
        rejectedAt.toISOString(),
        ...COLUMNS.map((column) => row[column]),
        deleted,
        code,
        reason,
        origin,
      ]),
    );
  }
}

/** @throws CommandError `notFound` */
export async function requireRun(session: Session, name: string, id: string): Promise<string> {
  const run = await session.ledger.runs.get(id);
  if (run?.sync === name) return run.id;
  throw new CommandError(EXIT.notFound, `${name} has no run ${id}. See \`cdi runs ${name}\`.`);
}

const LOOK_BACK = 200;

async function newestRejecting(session: Session, name: string): Promise<string | undefined> {
  const runs = await session.ledger.runs.ofSync(name, LOOK_BACK);
  return (runs.find(({ counts }) => counts.rejected > 0) ?? runs[0])?.id;
}

async function* all(session: Session, name: string, run: string): AsyncGenerator<RejectedRow> {
  for (let after = 0; ;) {
    const rows = await session.ledger.rejectedRows.list(name, { run, after, limit: PAGE });
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.id;
  }
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
