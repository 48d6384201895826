/** `cdi rejected`: the rows that failed validation or that Braze refused, to look at or to export. */
import type { RejectedRow } from '../../store/rejected-rows.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { REJECTED_CSV_HEADER, rejectedAsJson, rejectedCsvLine } from '../output/rejected-row.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';
import { requireSync } from './require-sync.ts';

export interface RejectedOptions {
  /** Default: the newest run that rejected rows, else the newest. */
  readonly run: string | undefined;
  readonly format: 'table' | 'csv' | 'json';
}

const PAGE = 1_000;

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
  if (options.format === 'csv') output.print(REJECTED_CSV_HEADER);
  for await (const rejected of allRejected(session, name, { run })) {
    output.print(
      options.format === 'json' ? JSON.stringify(rejectedAsJson(rejected)) : rejectedCsvLine(rejected),
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

/** Rejected rows of a sync in the order they were rejected, read page by page. */
export async function* allRejected(
  session: Session,
  name: string,
  options: { readonly run?: string | undefined; readonly code?: string | undefined; readonly after?: number },
): AsyncGenerator<RejectedRow> {
  for (let after = options.after ?? 0; ;) {
    const rows = await session.ledger.rejectedRows.list(name, { ...options, after, limit: PAGE });
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.id;
  }
}
