/**
 * Stages, beside each page of late rows, the newer rows of the same users: what those have set since must not be
 * set back.
 */
import { isReplaced } from '../../model/data-type.ts';
import { RowPage, RowPageWriter } from '../rows/row-page.ts';
import { userHash } from '../rows/user-hash.ts';
import { USERS_PER_QUERY } from '../warehouses/warehouse.ts';
import type { ExtractParts } from './extract-stretch.ts';

/** @param before the watermark: rows after it are sent later anyway; those at it are delivered */
export async function stageNewerRows(
  { definition, files, read }: Pick<ExtractParts, 'definition' | 'files' | 'read'>,
  pages: number,
  before: string,
): Promise<void> {
  if (!isReplaced(definition.data_type)) return;
  for (let page = 0; page < pages; page += 1) {
    const late = new RowPage(await files.readRows(page));
    const oldest = new Map<string, string>();
    for (let index = 0; index < late.rows; index += 1) {
      const row = late.row(index);
      const user = userHash(row);
      if (!oldest.has(user)) oldest.set(user, row.updatedAt);
    }
    const writer = new RowPageWriter();
    const users = [...oldest.keys()];
    for (let start = 0; start < users.length; start += USERS_PER_QUERY) {
      const some = users.slice(start, start + USERS_PER_QUERY);
      const from = some.reduce((least, user) => {
        const at = oldest.get(user) ?? '';
        return at < least ? at : least;
      }, before);
      for await (const group of read({ from, inclusive: false, to: before, users: some }, Infinity)) {
        for (const row of group) writer.add(row);
      }
    }
    await files.writeNewer(page, writer.finish());
  }
}
