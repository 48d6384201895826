/**
 * A hash by which a warehouse can tell the rows of one user from others: the MD5 of the identifier columns. It only
 * divides work; nothing rests on it being hard to forge.
 */
import { hash } from 'node:crypto';
import type { SourceRow } from '../../model/row.ts';

/** The columns that are hashed, in this order, joined by the unit separator; MAINTENANCE: each warehouse's SQL follows. */
export const HASHED_ROLES = [
  'externalId',
  'aliasName',
  'aliasLabel',
  'brazeId',
  'email',
  'phone',
  'id',
] as const;

const SEPARATOR = '\u001f';

/** @returns 32 hex digits */
export function userHash(row: SourceRow): string {
  return hash('md5', HASHED_ROLES.map((role) => row[role] ?? '').join(SEPARATOR), 'hex');
}
