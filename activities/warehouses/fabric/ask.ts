/** Ordinary queries, whose answers are small. */
import type { IColumnMetadata } from 'mssql';
import type { Column, ColumnKind } from '../../../model/source-columns.ts';
import type { FabricClient } from './connect.ts';
import { patience } from './patience.ts';
import type { Query } from './sql.ts';

/** By the driver's names of types. */
const KINDS: Readonly<Record<string, ColumnKind>> = {
  datetime2: 'timestamp',
  datetime: 'timestamp',
  smalldatetime: 'timestamp',
  varchar: 'text',
  nvarchar: 'text',
  char: 'text',
  nchar: 'text',
  uniqueidentifier: 'text',
  bit: 'boolean',
  bigint: 'integer',
  int: 'integer',
  smallint: 'integer',
  tinyint: 'integer',
};

interface Answer {
  readonly rows: readonly Readonly<Record<string, string>>[];
  /** In the order of the query. */
  readonly columns: readonly Column[];
}

/** @throws CdiError of the warehouse's classes; the signal's reason */
export async function ask(client: FabricClient, query: Query): Promise<Answer> {
  const { request, text } = client.prepare(query);
  const waiting = patience(client, () => request.cancel());
  waiting.wait();
  try {
    const { recordset } = await request.query<Record<string, string>>(text);
    const columns = Object.values(recordset.columns).toSorted((a, b) => a.index - b.index);
    return { rows: recordset, columns: columns.map(columnOf) };
  } catch (error) {
    throw waiting.reason ?? client.classify(error);
  } finally {
    waiting.end();
  }
}

function columnOf({ name, type, scale }: IColumnMetadata[string]): Column {
  const declared = String(Reflect.get(Object(type), 'declaration') ?? 'unknown');
  const isWhole = (declared === 'decimal' || declared === 'numeric') && scale === 0;
  return { name, type: declared, kind: isWhole ? 'integer' : (KINDS[declared] ?? 'other') };
}
