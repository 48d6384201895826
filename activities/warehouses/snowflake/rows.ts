/** Rows of a read query, as the pipeline takes them. */
import type { SourceRow } from '../../../model/row.ts';
import type { TextRow } from './read.ts';
import type { ReadRole } from './sql.ts';

/** @param roles what the query selected after the text of UPDATED_AT, in its order */
export function rowReader(roles: readonly ReadRole[]): (row: TextRow) => SourceRow {
  const textOf = (role: ReadRole): ((row: TextRow) => string | null) => {
    const position = roles.indexOf(role) + 1;
    return position === 0 ? () => null : (row) => row[position] as string | null;
  };
  const externalId = textOf('externalId');
  const aliasName = textOf('aliasName');
  const aliasLabel = textOf('aliasLabel');
  const brazeId = textOf('brazeId');
  const email = textOf('email');
  const phone = textOf('phone');
  const id = textOf('id');
  const payload = textOf('payload');
  const deleted = textOf('deleted');
  return (row) => {
    const isDeleted = deleted(row);
    return {
      updatedAt: String(row[0]),
      externalId: externalId(row),
      aliasName: aliasName(row),
      aliasLabel: aliasLabel(row),
      brazeId: brazeId(row),
      email: email(row),
      phone: phone(row),
      id: id(row),
      payload: payload(row),
      deleted: isDeleted === null ? null : isDeleted === 'true',
    };
  };
}
