import type { SourceRow } from '../../model/row.ts';

/** The fields of a row, in the order in which a page holds them. */
export const ROW_FIELDS = [
  'updatedAt',
  'externalId',
  'aliasName',
  'aliasLabel',
  'brazeId',
  'email',
  'phone',
  'id',
  'payload',
  'deleted',
] as const satisfies readonly (keyof SourceRow)[];
