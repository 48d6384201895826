/** `cdi test`: connection test with a preview. Nothing is sent. A sync that waits for its test starts with it. */
import { IDENTIFIER_COLUMNS, type SourceRow } from '../../model/row.ts';
import type { Preview } from '../../model/preview.ts';
import type { Instruction } from '../../model/setup/setup-guide.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';
import { executeSyncTest, TestFailure } from './execute-test.ts';
import { withSyncRemedy } from './remedy.ts';
import { requireSync } from './require-sync.ts';
import { startAfterTest } from './pause.ts';

/** How the test of one sync ended, for scripts. */
export type TestVerdict =
  | { readonly sync: string; readonly passed: true }
  | {
      readonly sync: string;
      readonly passed: false;
      readonly type: string;
      readonly message: string;
      readonly code: string | null;
      /** What to do, in the warehouse's own statements. */
      readonly remedy?: Instruction;
    };

export interface PassedTest {
  readonly preview: Preview | undefined;
  /** In words. */
  readonly message: string;
}

/** @throws TestFailure or CommandError, as `executeSyncTest` */
export async function carryOutTest(session: Session, name: string): Promise<PassedTest> {
  const id = await executeSyncTest(session, name).catch(async (error: unknown) => {
    if (!(error instanceof TestFailure)) throw error;
    const { definition } = await session.ledger.definitions.sync(name);
    throw await withSyncRemedy(session, error, definition);
  });
  const preview = (await session.ledger.previews.take(id)) as Preview | undefined;
  const started = await startAfterTest(session, name);
  return {
    preview,
    message: `${name}: connection test passed.${started ? ' Its schedule runs from now on.' : ''}`,
  };
}

/** @throws CommandError `failed` with what to do */
export async function testOneSync(session: Session, output: Output, name: string): Promise<void> {
  await requireSync(session, name);
  try {
    const { preview, message } = await carryOutTest(session, name);
    if (output.json) {
      output.print(JSON.stringify({ sync: name, passed: true, ...preview }));
      return;
    }
    if (preview) show(output, preview);
    output.print(message);
  } catch (error) {
    if (output.json && error instanceof TestFailure) output.print(JSON.stringify(failedVerdict(name, error)));
    throw error;
  }
}

export function failedVerdict(sync: string, failure: TestFailure): TestVerdict {
  const { type, finding, vendorCode, remedy } = failure;
  return {
    sync,
    passed: false,
    type,
    message: finding,
    code: vendorCode,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

function show(output: Output, preview: Preview): void {
  output.print(`Columns: ${preview.columns.join(', ')}`);
  const roles = [...IDENTIFIER_COLUMNS, 'id', 'payload', 'deleted'] as const;
  const used = roles.filter((role) => preview.rows.some((row) => row[role] !== null));
  output.print(
    table(
      ['UPDATED_AT', ...used],
      preview.rows.map((row) => [row.updatedAt, ...used.map((role) => cell(row, role))]),
    ),
  );
  for (const { method, path, body } of preview.requests) output.print(`\n${method} ${path}\n${body}`);
  for (const { row, code, reason } of preview.rejected) {
    output.print(`Row ${row + 1} would be rejected: ${reason} (${code})`);
  }
  if (preview.futureRows > 0)
    output.print(`Rows with an UPDATED_AT in the future, which wait: ${preview.futureRows}`);
  if (preview.nullRows > 0)
    output.print(`Rows without an UPDATED_AT, which are never sent: ${preview.nullRows}`);
  if (preview.movesWithClock)
    output.print(
      'UPDATED_AT of this view is the current time: its rows always lie ahead of a run, and none would ever be sent. ' +
        'Set `full_refresh: true` to read it whole in each run, or give it a column that tells when a row changed.',
    );
  output.print('');
}

const LONGEST_CELL = 60;

function cell(row: SourceRow, role: keyof SourceRow): string {
  const text = String(row[role] ?? '');
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text;
}
