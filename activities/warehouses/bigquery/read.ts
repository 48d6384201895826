/** Reads rows page by page: one is asked for ahead of its time, so that memory is bounded and nobody waits for the network. */
import type { SourceRow } from '../../../model/row.ts';
import type { QueryJobs, WireRow } from './query-jobs.ts';
import type { ReadQuery } from './sql.ts';

export async function* readRows(jobs: QueryJobs, query: ReadQuery): AsyncGenerator<SourceRow[]> {
  const id = await jobs.begin(query);
  const rowOf = rowMaker(query.roles);
  const ask = async (next: string | undefined): Promise<{ rows: SourceRow[]; next: string | undefined }> => {
    const page = await jobs.page(id, next);
    return { rows: page.rows.map(rowOf), next: page.next };
  };
  let asked = ask(undefined);
  for (;;) {
    const { rows, next } = await asked;
    if (next === undefined) {
      if (rows.length > 0) yield rows;
      return;
    }
    asked = ask(next);
    // Its failure is met when it is waited for, if it ever is.
    asked.catch(() => undefined);
    if (rows.length > 0) yield rows;
  }
}

/** @param roles of the columns that were selected, in their order */
function rowMaker(roles: readonly (keyof SourceRow)[]): (row: WireRow) => SourceRow {
  const at = (role: keyof SourceRow): number => roles.indexOf(role);
  const [updatedAt, externalId, aliasName] = [at('updatedAt'), at('externalId'), at('aliasName')];
  const [aliasLabel, brazeId, email, phone] = [at('aliasLabel'), at('brazeId'), at('email'), at('phone')];
  const [id, payload, deleted] = [at('id'), at('payload'), at('deleted')];
  return ({ f }) => {
    const text = (index: number): string | null => f[index]?.v ?? null;
    const isDeleted = text(deleted);
    return {
      updatedAt: text(updatedAt) ?? '',
      externalId: text(externalId),
      aliasName: text(aliasName),
      aliasLabel: text(aliasLabel),
      brazeId: text(brazeId),
      email: text(email),
      phone: text(phone),
      id: text(id),
      payload: text(payload),
      deleted: isDeleted === null ? null : isDeleted === 'true',
    };
  };
}
