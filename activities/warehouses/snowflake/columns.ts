/** Which columns a result has, by the metadata that the driver gives of it. */
import type { Column as DriverColumn } from 'snowflake-sdk';
import type { Column, ColumnKind } from '../../../model/source-columns.ts';

/** By the type names of the wire protocol. What is not among them cannot be read. */
const TYPES: Readonly<Record<string, { type: string; kind: ColumnKind }>> = {
  text: { type: 'VARCHAR', kind: 'text' },
  boolean: { type: 'BOOLEAN', kind: 'boolean' },
  timestamp_ntz: { type: 'TIMESTAMP_NTZ', kind: 'timestamp' },
  timestamp_ltz: { type: 'TIMESTAMP_LTZ', kind: 'timestamp' },
  timestamp_tz: { type: 'TIMESTAMP_TZ', kind: 'timestamp' },
  variant: { type: 'VARIANT', kind: 'json' },
  object: { type: 'OBJECT', kind: 'json' },
  map: { type: 'MAP', kind: 'json' },
};

export function columnOf(column: DriverColumn): Column {
  const name = column.getName();
  const wireType = column.getType().toLowerCase();
  if (wireType === 'fixed') {
    const scale = column.getScale();
    return {
      name,
      type: `NUMBER(${column.getPrecision()},${scale})`,
      kind: scale === 0 ? 'integer' : 'other',
    };
  }
  return { name, ...(TYPES[wireType] ?? { type: wireType.toUpperCase(), kind: 'other' }) };
}
