import type { Session } from '../../client/session.ts';
import type { RejectedRow } from '../../store/rejected-rows.ts';

const MORE_THAN_ANY_TEST = 100_000;

/** The rejected rows of a run, in the order of the table. */
export async function rejectedRows(session: Session, sync: string, run: string): Promise<RejectedRow[]> {
  const rows = await session.ledger.rejectedRows.list(sync, { run, limit: MORE_THAN_ANY_TEST });
  return rows.sort((a, b) =>
    a.row.updatedAt < b.row.updatedAt ? -1 : a.row.updatedAt > b.row.updatedAt ? 1 : a.id - b.id,
  );
}
