/**
 * A hash by which a warehouse can tell the rows of one user from others: the MD5 of the identifier columns. It only
 * divides work; nothing rests on it being hard to forge.
 */
import { hash } from 'node:crypto';
import type { SourceRow } from '../../model/row.ts';
import type { Column, SourceColumns } from '../../model/source-columns.ts';

/** The columns that are hashed, in this order, joined by the unit separator. */
const HASHED_ROLES = ['externalId', 'aliasName', 'aliasLabel', 'brazeId', 'email', 'phone', 'id'] as const;

const SEPARATOR = '\u001f';

/**
 * Rows of one user have one hash, as they have one identity (model/rules/identifiers.ts): the case of EMAIL does not count, nor PHONE
 * beside it.
 *
 * @returns 32 hex digits
 */
export function userHash(row: SourceRow): string {
  const texts = HASHED_ROLES.map((role) => {
    if (role === 'email') return row.email?.toLowerCase() ?? '';
    return role === 'phone' && row.email ? '' : (row[role] ?? '');
  });
  return hash('md5', texts.join(SEPARATOR), 'hex');
}

/**
 * The same in SQL, for a warehouse to join and to hash.
 *
 * @param textOf the text of a column, empty where it is NULL
 * @returns an expression for each text, in order
 */
export function hashedTexts(columns: SourceColumns, textOf: (column: Column) => string): string[] {
  return HASHED_ROLES.map((role) => {
    const column = columns[role];
    if (!column) return `''`;
    if (role === 'email') return `LOWER(${textOf(column)})`;
    if (role !== 'phone' || !columns.email) return textOf(column);
    return `CASE WHEN '' = ${textOf(columns.email)} THEN ${textOf(column)} ELSE '' END`;
  });
}
