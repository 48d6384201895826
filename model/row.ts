/**
 * One row of a customer's table, as text. Columns that a data type lacks, or the table does not have, are null.
 * Timestamps and payloads stay text from the warehouse to Braze: nothing here may pass through a Date or a number.
 */
export interface SourceRow {
  /** UPDATED_AT at source precision, in the fixed-width form of its warehouse, so that text order is time order. */
  readonly updatedAt: string;
  readonly externalId: string | null;
  readonly aliasName: string | null;
  readonly aliasLabel: string | null;
  readonly brazeId: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  /** ID of a catalog item; null for every other data type. */
  readonly id: string | null;
  /** PAYLOAD exactly as the customer wrote it; null for user deletes. */
  readonly payload: string | null;
  /** DELETED of a catalog row; null where the column is missing or null. */
  readonly deleted: boolean | null;
}

/** The identifier columns, in the order of the reference (section 1.4). */
export const IDENTIFIER_COLUMNS = [
  'externalId',
  'aliasName',
  'aliasLabel',
  'brazeId',
  'email',
  'phone',
] as const;
export type IdentifierColumn = (typeof IDENTIFIER_COLUMNS)[number];
