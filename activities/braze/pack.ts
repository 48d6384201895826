/** Packs objects into batches: by count, by bytes, and so that a user's objects keep their order. Pure. */
import type { RequestKind } from '../../model/composed-object.ts';
import type { PackedObject } from './batch-pages.ts';
import { firstOfEachUser } from './repeated-users.ts';

export interface PackableObject extends PackedObject {
  readonly kind: RequestKind;
}

export interface PackLimits {
  /** Objects per request. */
  readonly objects: (kind: RequestKind) => number;
  /** Bytes per body, wrapping not counted. */
  readonly bytes: number;
}

export interface PackedBatch {
  readonly kind: RequestKind;
  readonly objects: PackableObject[];
  bytes: number;
}

/**
 * Braze works on the attributes of one request in no promised order, and catalog ids must be unique within a
 * request; events and purchases are only appended, so several of one user may share a request, in order.
 */
const MAY_SHARE_A_REQUEST: ReadonlySet<RequestKind> = new Set<RequestKind>(['events', 'purchases']);

/** The batches of one kind. */
interface Lane {
  readonly open: PackedBatch[];
  /** The first batch that may have room. */
  first: number;
  /** Per user, named by the position of its first object: the batch that holds its last object so far. */
  readonly last: Int32Array;
}

const NONE = -1;

/**
 * Puts each object into the first batch of its kind that has room and lies after every batch with an earlier object
 * of the same user. The batches come out in an order that keeps each user's objects in theirs.
 */
export function packBatches(objects: readonly PackableObject[], limits: PackLimits): PackedBatch[] {
  const batches: PackedBatch[] = [];
  const firsts = firstOfEachUser(objects);
  const lanes = new Map<RequestKind, Lane>();
  for (const [position, object] of objects.entries()) {
    let lane = lanes.get(object.kind);
    if (!lane) {
      lane = { open: [], first: 0, last: new Int32Array(objects.length).fill(NONE) };
      lanes.set(object.kind, lane);
    }
    const user = firsts[position] ?? position;
    const bytes = object.end - object.start + 1;
    const limit = limits.objects(object.kind);
    const hasRoom = (batch: PackedBatch): boolean =>
      batch.objects.length < limit && (batch.objects.length === 0 || batch.bytes + bytes <= limits.bytes);

    const before = lane.last[user] ?? NONE;
    const earliest = before === NONE ? 0 : MAY_SHARE_A_REQUEST.has(object.kind) ? before : before + 1;
    let index = Math.max(earliest, lane.first);
    for (;;) {
      const batch = lane.open[index];
      if (!batch || hasRoom(batch)) break;
      index += 1;
    }
    let batch = lane.open[index];
    if (!batch) {
      batch = { kind: object.kind, objects: [], bytes: 0 };
      lane.open.push(batch);
      batches.push(batch);
    }
    batch.objects.push(object);
    batch.bytes += bytes;
    lane.last[user] = index;
    for (
      let first = lane.open[lane.first];
      first && !hasRoomForMore(first, limit, limits.bytes);
      first = lane.open[lane.first]
    ) {
      lane.first += 1;
    }
  }
  return batches;
}

/** Small objects may still fit where a large one did not; a batch is closed once nearly full. */
function hasRoomForMore(batch: PackedBatch, limit: number, bytes: number): boolean {
  return batch.objects.length < limit && batch.bytes < bytes * 0.95;
}
