import { expect, test } from 'vitest';
import { BatchPageWriter } from '../../../activities/braze/batch-pages.ts';
import { Concurrency } from '../../../activities/braze/concurrency.ts';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { RowPage, RowPageWriter } from '../../../activities/rows/row-page.ts';
import { SegmentFiles } from '../../../activities/upload/segment-pages.ts';
import { type SegmentUpload, uploadSegment } from '../../../activities/upload/upload-segment.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Reservation } from '../../../store/uploads.ts';
import { sourceRow } from '../source-row.ts';

const AT = '2026-01-01 00:00:00.000000';

/** A staged segment of one event, whose rows cannot be read any more. */
async function stagedEvent(): Promise<SegmentFiles> {
  const stored = new Map<string, Buffer>();
  const files = new SegmentFiles(
    {
      write: async (reference, bytes) => void stored.set(reference, Buffer.from(bytes)),
      read: async (reference) => {
        if (reference.endsWith('.rows')) throw new CdiError('staging_unavailable', 'Away.');
        return stored.get(reference) ?? Buffer.alloc(0);
      },
      remove: async () => undefined,
      idleRuns: async () => [],
      close: () => undefined,
    },
    { sync: 's', run: 'r', epoch: 1, segment: 1, attempt: 1 },
  );
  const page = new RowPageWriter();
  page.add(sourceRow({ updatedAt: AT, externalId: 'u', payload: '{}' }));
  const rows = new RowPage(Buffer.from(page.finish()));
  const text = Buffer.from('{"external_id":"u"}');
  const batches = new BatchPageWriter();
  batches.begin(text, (row, target, at) => rows.copyDigest(row, target, at));
  const place = batches.add(endpointOf('events', ''), [{ start: 0, end: text.length, user: 0, rows: [0] }]);
  const summary = { kind: 'events', objects: 1, rows: 1, firstUpdatedAt: AT, lastUpdatedAt: AT } as const;
  await files.writeBatches(
    0,
    { batches: [{ ...summary, ...place }], rejected: [], superseded: [] },
    batches.bytes,
  );
  return files;
}

type Parts = Pick<SegmentUpload, 'send'> & {
  readonly uploads?: Partial<SegmentUpload['uploads']>;
  readonly wroteLate?: SegmentUpload['wroteLate'];
};

/** Uploads a staged event, of which nothing is confirmed. */
async function uploadEvent({ send, uploads, wroteLate }: Parts): Promise<void> {
  await uploadSegment({
    files: await stagedEvent(),
    pages: 1,
    holder: { sync: 's', epoch: 1, workflowRunId: 'w', leaseOwner: 'o' },
    run: 'r',
    segment: 1,
    uploads: {
      state: async () => ({ confirmed: new Set(), reservedTo: 0, completed: false }),
      reserve: async () => undefined,
      confirm: async () => undefined,
      complete: async () => undefined,
      ...uploads,
    },
    window: 10,
    concurrency: new Concurrency(1, 1_000),
    signal: new AbortController().signal,
    progress: () => undefined,
    wroteLate: wroteLate ?? (async () => undefined),
    send,
  });
}

test('what was taken stays in doubt where its answer cannot be recorded', async () => {
  const reservations: Reservation[] = [];
  const uploading = uploadEvent({
    uploads: {
      reserve: async (_holder, _run, _segment, reservation) => void reservations.push(reservation),
    },
    // Braze takes the request and refuses its one row: the row is read, to be kept among the rejected ones.
    send: async (_batch, tally) => {
      tally.taken = true;
      return [{ object: 0, row: 0, code: 'braze_refused', reason: 'Refused.' }];
    },
  });
  await expect(uploading).rejects.toMatchObject({ type: 'staging_unavailable' });
  expect(reservations).toEqual([
    { to: 1, open: expect.objectContaining({ firstBatch: 0, rows: 1 }) as object },
  ]);
});

test('a batch that was written late is told of, whether its answer comes or not', async () => {
  for (const end of ['answered', 'failed'] as const) {
    const late: number[] = [];
    const uploading = uploadEvent({
      uploads: { confirm: async () => Promise.reject(new Error('Another attempt uploads.')) },
      wroteLate: async ({ rows }) => void late.push(rows),
      send: async (_batch, tally) => {
        tally.late = true;
        if (end === 'failed') throw new Error('No answer.');
        return [];
      },
    });
    await expect(uploading).rejects.toThrow();
    expect(late, end).toEqual([1]);
  }
});
