/** Takes one batch to its end: waits, retries, divides, until each of its objects was taken or refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CdiError } from '../../model/errors.ts';
import type { StagedBatch } from './batch-pages.ts';
import { type BrazeAnswer, type BrazeClient, NoAnswerError, NotWrittenError } from './client.ts';
import type { Concurrency } from './concurrency.ts';
import type { Endpoint } from './endpoints.ts';
import { type RefusedObject, interpret } from './interpret.ts';
import type { RateBudget } from './rate-budget.ts';

export interface SendContext {
  readonly client: BrazeClient;
  readonly endpoint: Endpoint;
  readonly budget: RateBudget;
  readonly concurrency: Concurrency;
  /** Asked as each request is written. */
  readonly mayWrite: () => boolean;
  /** Waits until requests may be written again. @throws CdiError `lease_lost` */
  readonly untilMayWrite: () => Promise<void>;
  /** Called for each answer that asks for patience, and each that is missing. */
  readonly troubled: (kind: 'rateLimited' | 'unavailable') => void;
  /** Aborts waiting; requests in flight are left to their answers. */
  readonly signal: AbortSignal;
}

/** A row that Braze refused. */
export interface RefusedRow {
  /** Position of the object in the batch, and of the row within the object. */
  readonly object: number;
  readonly row: number;
  readonly code: string;
  readonly reason: string;
}

/** What happened on the wire, true also where sending failed in the end. */
export interface SendTally {
  /** Requests that were answered. */
  requests: number;
  /** Whether an answer was lost, so that something may have arrived twice. */
  answerLost: boolean;
  /** Whether anything of the batch was taken, or may have been. */
  taken: boolean;
  /** Whether a request was written when it might be written no more. */
  late: boolean;
  /** Codes of errors in good answers that name no object. */
  readonly unplaced: Set<string>;
}

export const newTally = (): SendTally => ({
  requests: 0,
  answerLost: false,
  taken: false,
  late: false,
  unplaced: new Set(),
});

/** One object on its way: a slice of the batch, or a single row of a merged object. */
interface Piece {
  readonly object: number;
  /** Undefined for the whole object. */
  readonly row: number | undefined;
  readonly bytes: Buffer;
}

/** Failures without a good answer between, after which the activity ends and Temporal waits before the next try. */
const PATIENCE = 8;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 15_000;
/** The pause after a 429 that does not say how long to wait; it doubles with each that follows. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** So long one request may be refused for its rate before the step fails, and so shows it. */
const RATE_LIMIT_PATIENCE_MS = 3_600_000;

/**
 * @param tally is added to as requests are answered
 * @returns the rows that Braze refused
 * @throws CdiError `braze_*` or `catalog_*` where the run cannot go on; what was answered before is lost then, so
 *   the batch counts as unconfirmed
 */
export async function sendBatch(
  batch: StagedBatch,
  context: SendContext,
  tally: SendTally,
): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];

  const refuse = async (piece: Piece, { code, reason }: { code: string; reason: string }): Promise<void> => {
    const rows = batch.rows()[piece.object] ?? [];
    const alone = batch.alone().get(piece.object);
    if (piece.row === undefined && alone) {
      // A merged object was refused: each of its rows has to stand for itself, in order.
      for (const [row, text] of alone.entries()) {
        await deliver([{ object: piece.object, row, bytes: Buffer.from(text) }]);
      }
      return;
    }
    const own = piece.row === undefined ? rows.keys() : [piece.row];
    for (const row of own) refused.push({ object: piece.object, row, code, reason });
  };

  const deliver = async (pieces: readonly Piece[]): Promise<void> => {
    const body = bodyOf(context.endpoint, pieces);
    await divide(pieces, await insist(body, pieces.length, () => pieces, context, tally));
  };

  /** What an answer leaves to be done. */
  const divide = async (pieces: readonly Piece[], answer: Settled): Promise<void> => {
    const [only] = pieces;
    if (!only) return;
    switch (answer.kind) {
      case 'accepted':
        await refuseAll(pieces, answer.refused);
        return;
      case 'too_large':
        if (pieces.length === 1)
          await refuse(only, { code: 'braze_too_large', reason: 'Braze refused the row: it is too large.' });
        else await halves(pieces);
        return;
      case 'refused':
        if (answer.refused.length > 0) {
          const named = new Set(answer.refused.map(({ index }) => index));
          await refuseAll(pieces, answer.refused);
          const rest = pieces.filter((_piece, index) => !named.has(index));
          if (rest.length > 0) await deliver(rest);
        } else if (pieces.length === 1) await refuse(only, answer);
        else await halves(pieces);
    }
  };

  const refuseAll = async (pieces: readonly Piece[], named: readonly RefusedObject[]): Promise<void> => {
    for (const each of named) {
      const piece = pieces[each.index];
      if (piece) await refuse(piece, each);
    }
  };

  const halves = async (pieces: readonly Piece[]): Promise<void> => {
    const middle = Math.ceil(pieces.length / 2);
    await deliver(pieces.slice(0, middle));
    await deliver(pieces.slice(middle));
  };

  const whole = (): Piece[] => batch.texts().map((bytes, object) => ({ object, row: undefined, bytes }));
  const answer = await insist(batch.body, batch.objects, whole, context, tally);
  if (answer.kind !== 'accepted' || answer.refused.length > 0) await divide(whole(), answer);
  return refused;
}

type Settled = Extract<ReturnType<typeof interpret>, { kind: 'accepted' | 'refused' | 'too_large' }>;

/** Sends one body until it is answered for good. @param pieces what it is made of, asked where an answer is hard to read */
async function insist(
  body: Buffer,
  objects: number,
  pieces: () => readonly Piece[],
  context: SendContext,
  tally: SendTally,
): Promise<Settled> {
  let refusals = 0;
  let firstRefusal = 0;
  for (let failures = 0; ;) {
    await context.budget.take(context.signal);
    context.signal.throwIfAborted();
    const sent = performance.now();
    let answer: BrazeAnswer;
    try {
      answer = await context.client.send(context.endpoint, body, context.mayWrite, () => (tally.late = true));
    } catch (error) {
      if (error instanceof NotWrittenError) {
        await context.untilMayWrite();
        continue;
      }
      if (!(error instanceof NoAnswerError)) throw error;
      if (error.written) tally.taken = tally.answerLost = true;
      failures += 1;
      await backOff(failures, context, 'Braze did not answer', undefined);
      continue;
    }
    tally.requests += 1;
    context.budget.observe(answer);
    const meaning = interpret(context.endpoint, answer, objects, () => idsOf(pieces()), Date.now());
    switch (meaning.kind) {
      case 'accepted':
        tally.taken = true;
        for (const code of meaning.unplaced) tally.unplaced.add(code);
        context.concurrency.answered(performance.now() - sent);
        return meaning;
      case 'refused':
      case 'too_large':
        return meaning;
      case 'rate_limited':
        refusals += 1;
        if (refusals === 1) firstRefusal = performance.now();
        else if (performance.now() - firstRefusal > RATE_LIMIT_PATIENCE_MS)
          throw new CdiError('braze_rate_limited', 'Braze has refused a request for its rate for an hour.', {
            vendorCode: '429',
          });
        context.budget.refuse(
          meaning.waitMs ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (refusals - 1)),
        );
        context.troubled('rateLimited');
        continue;
      case 'unavailable':
        tally.taken = tally.answerLost = true;
        failures += 1;
        await backOff(
          failures,
          context,
          `Braze answered with status ${meaning.status}`,
          String(meaning.status),
        );
        continue;
      case 'stop':
        throw meaning.error;
    }
  }
}

async function backOff(
  failures: number,
  context: SendContext,
  what: string,
  code: string | undefined,
): Promise<void> {
  context.concurrency.troubled();
  context.troubled('unavailable');
  if (failures >= PATIENCE)
    throw new CdiError('braze_unavailable', `${what}, ${failures} times in a row.`, { vendorCode: code });
  const ceiling = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
  await sleep(ceiling / 2 + (Math.random() * ceiling) / 2, undefined, { signal: context.signal });
}

function bodyOf(endpoint: Endpoint, pieces: readonly Piece[]): Buffer {
  const parts: Buffer[] = [Buffer.from(endpoint.open)];
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) parts.push(Buffer.from(','));
    parts.push(piece.bytes);
  }
  parts.push(Buffer.from(endpoint.close));
  return Buffer.concat(parts);
}

/** Ids of catalog items; their objects begin with `{"id":"…"` and ids need no escapes. */
function idsOf(pieces: readonly Piece[]): string[] {
  return pieces.map(
    ({ bytes }) => /^\{"id":"([A-Za-z0-9_-]*)"/.exec(bytes.toString('utf8', 0, 300))?.[1] ?? '',
  );
}
