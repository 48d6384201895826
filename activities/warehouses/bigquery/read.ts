/** Reads rows page by page: one is asked for ahead of its time, so that memory is bounded and nobody waits for the network. */
import type { SourceRow } from '../../../model/row.ts';
import type { QueryJobs, WireRow } from './query-jobs.ts';
import type { ReadQuery } from './sql.ts';

/** The first page is small, so that its rows are there at once; further ones have about so many characters. */
const FIRST_ROWS = 1_000;
const PAGE_CHARACTERS = 4 << 20;
const MOST_ROWS = 20_000;

interface RowPage {
  readonly rows: SourceRow[];
  /** Finds the next page. */
  readonly next: string | undefined;
  /** How many rows the next one should have. */
  readonly nextRows: number;
}

/** @throws CdiError of BigQuery's classes, or the signal's reason */
export async function* readRows(
  jobs: Pick<QueryJobs, 'begin' | 'page'>,
  query: ReadQuery,
): AsyncGenerator<SourceRow[]> {
  const id = await jobs.begin(query);
  const rowOf = rowMaker(query.roles);
  const ask = async (most: number, at?: string): Promise<RowPage> => {
    const { rows, next } = await jobs.page(id, most, at);
    return { rows: rows.map(rowOf), next, nextRows: rowsOfPage(rows) };
  };
  let asked = ask(FIRST_ROWS);
  for (;;) {
    const { rows, next, nextRows } = await asked;
    if (next === undefined) {
      if (rows.length > 0) yield rows;
      return;
    }
    asked = ask(nextRows, next);
    // Its failure is met when it is waited for, if it ever is.
    asked.catch(() => undefined);
    if (rows.length > 0) yield rows;
  }
}

/** Rows are taken to be as long as those before them; an empty page tells nothing. */
function rowsOfPage(rows: readonly WireRow[]): number {
  if (rows.length === 0) return FIRST_ROWS;
  let characters = 0;
  for (const { f } of rows) for (const { v } of f) characters += v?.length ?? 0;
  const fitting = Math.floor((PAGE_CHARACTERS * rows.length) / Math.max(1, characters));
  return Math.min(Math.max(1, fitting), MOST_ROWS);
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
