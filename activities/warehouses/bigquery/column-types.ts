/** Columns as BigQuery tells them: names of types are those of its API, which are older than those of GoogleSQL. */
import type { Column, ColumnKind } from '../../../model/source-columns.ts';

export interface Field {
  readonly name?: string;
  readonly type?: string;
  readonly mode?: string;
}

const SQL_NAMES: Readonly<Record<string, string>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  RECORD: 'STRUCT',
};

const KINDS: Readonly<Record<string, ColumnKind>> = {
  TIMESTAMP: 'timestamp',
  DATETIME: 'timestamp',
  STRING: 'text',
  JSON: 'json',
  STRUCT: 'json',
  BOOL: 'boolean',
  INT64: 'integer',
};

export function columnOf({ name = '', type = '', mode }: Field): Column {
  const sqlName = SQL_NAMES[type] ?? type;
  return mode === 'REPEATED'
    ? { name, type: `ARRAY<${sqlName}>`, kind: 'other' }
    : { name, type: sqlName, kind: KINDS[sqlName] ?? 'other' };
}
