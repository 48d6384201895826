/** Uploads the staged batches of one segment: in order per user, within the window, as fast as the budget allows. */
import { CdiError } from '../../model/errors.ts';
import type { SourceRow } from '../../model/row.ts';
import type { UploadHolder } from '../../store/epoch.ts';
import type { NewRejectedRow } from '../../store/rejected-rows.ts';
import { type BatchSummary, StagedBatch } from '../braze/batch-pages.ts';
import type { UploadLedger } from '../braze/metered.ts';
import type { Concurrency } from '../braze/concurrency.ts';
import { type RefusedRow, type SendTally, newTally } from '../braze/send-batch.ts';
import { DIGEST_BYTES, RowPage } from '../rows/row-page.ts';
import { asError } from './as-error.ts';
import { Confirmer } from './confirmer.ts';
import { OrderGate } from './order-gate.ts';
import type { PageIndex, SegmentFiles } from './segment-pages.ts';

export interface SegmentUpload {
  readonly files: SegmentFiles;
  readonly pages: number;
  readonly holder: UploadHolder;
  readonly run: string;
  readonly segment: number;
  readonly uploads: UploadLedger;
  readonly window: number;
  readonly concurrency: Concurrency;
  /** Sends one batch of this kind to its end. */
  readonly send: (batch: StagedBatch, tally: SendTally) => Promise<RefusedRow[]>;
  /** Hears of a batch that was written after its time, and may have set users back to older values. */
  readonly wroteLate: (batch: BatchSummary) => Promise<void>;
  /** Stops the upload: nothing new is sent, what is in flight is waited for and recorded. */
  readonly signal: AbortSignal;
  /** Called as batches are answered. */
  readonly progress: (counts: { rowsSent: number; rowsRejected: number; requests: number }) => void;
}

/**
 * @throws CdiError whatever stopped it first; everything that was answered is recorded by then
 */
export async function uploadSegment(upload: SegmentUpload): Promise<void> {
  const { files, holder, run, segment, uploads } = upload;
  const state = await uploads.state(holder, segment);
  if (state.completed) return;
  const indexes: PageIndex[] = [];
  for (let page = 0; page < upload.pages; page += 1) indexes.push(await files.readIndex(page));
  const facts: BatchSummary[] = indexes.flatMap((index) => index.batches);
  const confirmer = new Confirmer(uploads, { holder, run, segment }, facts, upload.window, state.confirmed);
  await confirmer.begin(state.reservedTo);

  const gate = new OrderGate();
  const underWay = new Set<Promise<void>>();
  let failure: Error | undefined;
  const done = { rowsSent: 0, rowsRejected: 0, requests: 0 };
  /** Whether a batch that is not confirmed may have been taken. */
  let uncertain = false;
  const fail = (error: unknown): void => {
    failure ??= asError(error);
    confirmer.fail(error);
  };
  const onAbort = (): void => fail(upload.signal.reason);
  upload.signal.addEventListener('abort', onAbort, { once: true });
  if (upload.signal.aborted) onAbort();

  try {
    let number = 0;
    for (const [page, index] of indexes.entries()) {
      const rows = new LazyRows(() => files.readRows(page));
      const withoutBatch = index.rejected.length + index.superseded.length;
      if (withoutBatch > 0 && !state.confirmed.has(-1 - page)) {
        confirmer.add(await validationAnswer(page, index, rows));
      }
      const first = number;
      number += index.batches.length;
      if (index.batches.every((_batch, offset) => state.confirmed.has(first + offset))) continue;
      const records = await files.readBatches(page);
      for (const [offset, summary] of index.batches.entries()) {
        const batch = first + offset;
        if (state.confirmed.has(batch)) continue;
        await confirmer.room(batch);
        if (failure !== undefined) throw failure;
        const content = new StagedBatch(
          summary.kind,
          records.subarray(summary.offset, summary.offset + summary.length),
        );
        const turn = gate.admit(content.users());
        const work = deliver(batch, summary, content, rows, turn)
          .catch(fail)
          .finally(() => {
            turn.finished();
            underWay.delete(work);
          });
        underWay.add(work);
      }
    }
    await Promise.all(underWay);
    if (failure !== undefined) throw failure;
  } catch (error) {
    fail(error);
    await Promise.allSettled(underWay);
    // What was answered is recorded before the failure is reported; a ledger out of reach loses only that.
    await confirmer.flush(!uncertain).catch(() => undefined);
    throw asError(failure);
  } finally {
    upload.signal.removeEventListener('abort', onAbort);
  }
  await confirmer.flush(false);
  const tail = await files.readTail();
  await uploads.complete(holder, segment, tail);

  async function deliver(
    batch: number,
    summary: BatchSummary,
    content: StagedBatch,
    rows: LazyRows,
    turn: { ready: Promise<void> | undefined },
  ): Promise<void> {
    if (turn.ready) await turn.ready;
    const tally = newTally();
    let rejected: NewRejectedRow[];
    try {
      const refused = await sendInTurn(content, tally);
      if (!refused) return;
      rejected = await rejectedRows(refused, content, rows);
    } catch (error) {
      // Whatever keeps its answer from being recorded: it may have been taken.
      uncertain ||= tally.taken;
      throw error;
    } finally {
      if (tally.late) await upload.wroteLate(summary);
    }
    confirmer.add({
      batch,
      digests: content.digests,
      lastUpdatedAt: summary.lastUpdatedAt,
      sent: summary.rows - rejected.length,
      requests: tally.requests,
      rejected,
      answerLost: tally.answerLost,
      warnings: Array.from(tally.unplaced, unplacedWarning),
    });
    done.rowsSent += summary.rows - rejected.length;
    done.rowsRejected += rejected.length;
    done.requests += tally.requests;
    upload.progress(done);
  }

  /** @returns undefined where the upload has failed meanwhile, and nothing was sent */
  async function sendInTurn(content: StagedBatch, tally: SendTally): Promise<RefusedRow[] | undefined> {
    await upload.concurrency.enter();
    try {
      return failure === undefined ? await upload.send(content, tally) : undefined;
    } finally {
      upload.concurrency.leave();
    }
  }
}

/** @throws what reading them throws: `staging_lost`, `staging_unavailable` */
async function rejectedRows(
  refused: readonly RefusedRow[],
  content: StagedBatch,
  rows: LazyRows,
): Promise<NewRejectedRow[]> {
  const rejected: NewRejectedRow[] = [];
  const positions = refused.length === 0 ? [] : content.rows();
  for (const { object, row, code, reason } of refused) {
    const position = positions[object]?.[row];
    if (position === undefined) throw new CdiError('internal', 'A refused row is not in its batch.');
    rejected.push({ row: await rows.row(position), code, reason, origin: 'braze' });
  }
  return rejected;
}

/** The rows of a page, read only where something of them was rejected. */
class LazyRows {
  readonly #read: () => Promise<Buffer>;
  #page: Promise<RowPage> | undefined;

  constructor(read: () => Promise<Buffer>) {
    this.#read = read;
  }

  page(): Promise<RowPage> {
    this.#page ??= this.#read().then((bytes) => new RowPage(bytes));
    return this.#page;
  }

  async row(index: number): Promise<SourceRow> {
    return (await this.page()).row(index);
  }
}

async function validationAnswer(
  page: number,
  index: PageIndex,
  rows: LazyRows,
): Promise<Parameters<Confirmer['add']>[0]> {
  const content = await rows.page();
  const positions = [...index.rejected.map(({ row }) => row), ...index.superseded];
  const digests = Buffer.allocUnsafe(positions.length * DIGEST_BYTES);
  let lastUpdatedAt = '';
  for (const [offset, position] of positions.entries()) {
    content.digest(position).copy(digests, offset * DIGEST_BYTES);
    const updatedAt = content.updatedAt(position);
    if (updatedAt > lastUpdatedAt) lastUpdatedAt = updatedAt;
  }
  return {
    batch: -1 - page,
    digests,
    lastUpdatedAt,
    sent: index.superseded.length,
    requests: 0,
    rejected: index.rejected.map(({ row, code, reason }): NewRejectedRow => ({
      row: content.row(row),
      code,
      reason,
      origin: 'validation',
    })),
    answerLost: false,
    warnings: [],
  };
}

const unplacedWarning = (code: string): string =>
  `Braze took requests with an error that names no row (${code}): all their rows count as sent.`;
