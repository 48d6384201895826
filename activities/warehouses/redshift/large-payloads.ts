/**
 * SUPER payloads beyond the longest VARCHAR, which `json_serialize` refuses: they come as the hex digits of a VARBYTE, in one more
 * field behind those of a row. Source: the Redshift manual, JSON_SERIALIZE, JSON_SIZE and JSON_SERIALIZE_TO_VARBYTE.
 */
import { EncodedRow } from '../../rows/encoded-row.ts';
import { ROW_FIELDS } from '../../rows/row-fields.ts';

const LENGTH_BYTES = 4;
const PAYLOAD = ROW_FIELDS.indexOf('payload');

/** @returns the row that lies there with one more field, as a row of the usual fields */
export function withLargePayload(bytes: Buffer, start: number, end: number): EncodedRow {
  const payload = skipFields(bytes, start, PAYLOAD);
  const afterPayload = skipFields(bytes, payload, 1);
  const large = skipFields(bytes, afterPayload, ROW_FIELDS.length - PAYLOAD - 1);
  if (bytes.readInt32BE(large) < 0) return new EncodedRow(bytes, start, large);
  const json = Buffer.from(bytes.toString('latin1', large + LENGTH_BYTES, end), 'hex');
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeInt32BE(json.length);
  const row = Buffer.concat([
    bytes.subarray(start, payload),
    length,
    json,
    bytes.subarray(afterPayload, large),
  ]);
  return new EncodedRow(row, 0, row.length);
}

/** @returns where the field begins that lies this many behind the one at `at` */
function skipFields(bytes: Buffer, at: number, count: number): number {
  let next = at;
  for (let skipped = 0; skipped < count; skipped += 1)
    next += LENGTH_BYTES + Math.max(0, bytes.readInt32BE(next));
  return next;
}
