/** Packs objects into batches: by count, by bytes, and so that a user's objects keep their order. Pure. */
import type { RequestKind } from '../../model/composed-object.ts';
import type { PackedObject } from './batch-pages.ts';

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

/**
 * Puts each object into the first batch of its kind that has room and lies after every batch with an earlier object
 * of the same user. The batches come out in an order that keeps each user's objects in theirs.
 */
export function packBatches(objects: Iterable<PackableObject>, limits: PackLimits): PackedBatch[] {
  const batches: PackedBatch[] = [];
  const lanes = new Map<RequestKind, { open: PackedBatch[]; first: number; last: Map<string, number> }>();
  for (const object of objects) {
    let lane = lanes.get(object.kind);
    if (!lane) {
      lane = { open: [], first: 0, last: new Map() };
      lanes.set(object.kind, lane);
    }
    const bytes = Buffer.byteLength(object.text) + 1;
    const limit = limits.objects(object.kind);
    const hasRoom = (batch: PackedBatch): boolean =>
      batch.objects.length < limit && (batch.objects.length === 0 || batch.bytes + bytes <= limits.bytes);

    const before = lane.last.get(object.identity);
    const earliest = before === undefined ? 0 : MAY_SHARE_A_REQUEST.has(object.kind) ? before : before + 1;
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
    lane.last.set(object.identity, index);
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
