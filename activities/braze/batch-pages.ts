/**
 * Batches as they lie in staging: ready request bodies, and which rows each object stands for.
 *
 * One record per batch: counts, the end of each object within the body, a number per object that is equal for equal
 * users, the rows of each object, their digests, the body, and for merged objects the text of each of their rows.
 */
import type { RequestKind } from '../../model/composed-object.ts';
import { DIGEST_BYTES } from '../rows/row-page.ts';

/** What is known of a batch without reading it. */
export interface BatchSummary {
  readonly kind: RequestKind;
  readonly objects: number;
  readonly rows: number;
  readonly firstUpdatedAt: string;
  readonly lastUpdatedAt: string;
  /** Where its record lies in the page's file. */
  readonly offset: number;
  readonly length: number;
}

/** An object that is about to be packed. */
export interface PackedObject {
  readonly text: string;
  readonly identity: string;
  /** Rows of the page that it stands for, in order. */
  readonly rows: readonly number[];
  /** For a merged object: what each of its rows would be alone. */
  readonly alone?: readonly string[];
}

export interface BatchContent {
  readonly kind: RequestKind;
  /** The whole body, wrapping included. */
  readonly body: Buffer;
  /** Start and end of each object within the body. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Equal for two objects of one user. */
  readonly users: readonly number[];
  /** Rows of the page, per object. */
  readonly rows: readonly (readonly number[])[];
  /** Digests of all rows, in the order of `rows`. */
  readonly digests: Buffer;
  /** Texts of the single rows of merged objects, by object. */
  readonly alone: ReadonlyMap<number, readonly string[]>;
}

const U32 = 4;
const F64 = 8;

export function encodeBatch(
  wrapping: { open: string; close: string },
  objects: readonly PackedObject[],
  digestOf: (row: number) => Buffer,
): Buffer {
  const rows = objects.reduce((sum, object) => sum + object.rows.length, 0);
  const text = wrapping.open + objects.map((object) => object.text).join(',') + wrapping.close;
  const body = Buffer.from(text);
  const head = Buffer.allocUnsafe(U32 * 4 + objects.length * (U32 * 2 + F64) + rows * (U32 + DIGEST_BYTES));
  let position = head.writeUInt32LE(objects.length, 0);
  position = head.writeUInt32LE(rows, position);
  position = head.writeUInt32LE(body.length, position);
  position = head.writeUInt32LE(Buffer.byteLength(wrapping.open), position);
  for (const object of objects) position = head.writeUInt32LE(Buffer.byteLength(object.text), position);
  for (const object of objects) position = head.writeDoubleLE(userNumber(object.identity), position);
  for (const object of objects) position = head.writeUInt32LE(object.rows.length, position);
  for (const object of objects) {
    for (const row of object.rows) position = head.writeUInt32LE(row, position);
  }
  for (const object of objects) {
    for (const row of object.rows) position += digestOf(row).copy(head, position);
  }
  const alone = objects.flatMap((object, index) => (object.alone ? [[index, object.alone] as const] : []));
  return Buffer.concat([head, body, Buffer.from(alone.length === 0 ? '' : JSON.stringify(alone))]);
}

export function decodeBatch(kind: RequestKind, record: Buffer): BatchContent {
  const objects = record.readUInt32LE(0);
  const rowCount = record.readUInt32LE(U32);
  const bodyLength = record.readUInt32LE(U32 * 2);
  const openLength = record.readUInt32LE(U32 * 3);
  let position = U32 * 4;
  const starts: number[] = [];
  const ends: number[] = [];
  for (let index = 0, start = openLength; index < objects; index += 1, position += U32) {
    const end = start + record.readUInt32LE(position);
    starts.push(start);
    ends.push(end);
    start = end + 1;
  }
  const users: number[] = [];
  for (let index = 0; index < objects; index += 1, position += F64) users.push(record.readDoubleLE(position));
  const counts: number[] = [];
  for (let index = 0; index < objects; index += 1, position += U32)
    counts.push(record.readUInt32LE(position));
  const rows = counts.map((count) => {
    const own: number[] = [];
    for (let index = 0; index < count; index += 1, position += U32) own.push(record.readUInt32LE(position));
    return own;
  });
  const digests = record.subarray(position, position + rowCount * DIGEST_BYTES);
  position += digests.length;
  const body = record.subarray(position, position + bodyLength);
  const rest = record.subarray(position + bodyLength);
  const alone = rest.length === 0 ? [] : (JSON.parse(rest.toString()) as [number, string[]][]);
  return { kind, body, starts, ends, users, rows, digests, alone: new Map(alone) };
}

/**
 * A number for a user: equal users give equal numbers. Two users that share one are merely kept in order with each
 * other, so 53 bits are plenty.
 */
export function userNumber(identity: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < identity.length; index += 1) {
    const code = identity.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
