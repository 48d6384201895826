/** Turns the columns that Spark sends into the Arrow batches that a SQL warehouse sends. */
import type { TColumn, TRowSet } from '@databricks/sql/thrift/TCLIService_types.js';
import { type ArrowData, Int64, arrow, wire } from './thrift-library.ts';

/** Before each message stand a mark and the length of its head. */
const PREFIX_BYTES = 8;
const END_BYTES = 8;

/** The schema alone, as the metadata of a result carry it. All columns are text. */
export function arrowSchema(names: readonly string[]): Buffer {
  const whole = stream(names, undefined);
  return whole.subarray(0, schemaBytes(whole));
}

/** @throws Error for columns that are no text: nothing here knows how a warehouse sends them */
export function arrowRows(names: readonly string[], rows: TRowSet): TRowSet {
  const columns = (rows.columns ?? []).map(textOf);
  const count = columns[0]?.values.length ?? 0;
  const startRowOffset: unknown = rows.startRowOffset;
  const answer = { startRowOffset, rows: [] };
  if (count === 0) return new wire.TRowSet({ ...answer, arrowBatches: [] });
  const whole = stream(names, columns.map(utf8));
  const batch = whole.subarray(schemaBytes(whole), whole.length - END_BYTES);
  const batches = [new wire.TSparkArrowBatch({ batch, rowCount: new Int64(count) })];
  return new wire.TRowSet({ ...answer, arrowBatches: batches });
}

type TextColumn = NonNullable<TColumn['stringVal']>;

function textOf(column: TColumn): TextColumn {
  if (column.stringVal) return column.stringVal;
  throw new Error('The front sends columns of text alone.');
}

function utf8({ values, nulls }: TextColumn): ArrowData {
  const count = values.length;
  const offsets = new Int32Array(count + 1);
  // Thrift marks what is null, Arrow what is not.
  const valid = new Uint8Array(Math.ceil(count / 8)).map((_, at) => ~(nulls[at] ?? 0));
  const isNull = (at: number): boolean => (((valid[at >> 3] ?? 0) >> (at & 7)) & 1) === 0;
  let bytes = 0;
  let nullCount = 0;
  for (const [at, value] of values.entries()) {
    if (isNull(at)) nullCount += 1;
    else bytes += Buffer.byteLength(value);
    offsets[at + 1] = bytes;
  }
  const data = Buffer.allocUnsafe(bytes);
  for (const [at, value] of values.entries()) if (!isNull(at)) data.write(value, offsets[at] ?? 0);
  return arrow.makeData({
    type: new arrow.Utf8(),
    length: count,
    nullCount,
    nullBitmap: valid,
    valueOffsets: offsets,
    data,
  });
}

function stream(names: readonly string[], columns: readonly ArrowData[] | undefined): Buffer {
  const schema = new arrow.Schema(names.map((name) => new arrow.Field(name, new arrow.Utf8(), true)));
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  if (columns) {
    const type = new arrow.Struct(schema.fields);
    const length = columns[0]?.length ?? 0;
    writer.write(
      new arrow.RecordBatch(schema, arrow.makeData({ type, length, nullCount: 0, children: columns })),
    );
  }
  writer.finish();
  return Buffer.from(writer.toUint8Array(true));
}

const schemaBytes = (whole: Buffer): number => PREFIX_BYTES + whole.readInt32LE(4);
