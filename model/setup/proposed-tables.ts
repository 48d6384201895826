import type { DataType } from '../data-type.ts';

/** The tables that the guides propose, and that the examples read. */
export const PROPOSED_TABLES: Readonly<Record<DataType, string>> = {
  attributes: 'users_attributes',
  events: 'app_events',
  purchases: 'purchases',
  user_deletes: 'user_deletes',
  catalog: 'products',
};
