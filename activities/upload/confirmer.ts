/**
 * Records answers in the ledger, in groups, and holds the window: no batch is sent more than `window` batches beyond
 * the lowest unconfirmed one, and how far the upload may go is written down before it goes there.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isConnectionError } from '../../store/connection-error.ts';
import { asError } from './as-error.ts';
import type { UploadHolder } from '../../store/epoch.ts';
import type { NewRejectedRow } from '../../store/rejected-rows.ts';
import type { BatchRange } from '../../store/schema.ts';
import type { Confirmation, Reservation, Uploads } from '../../store/uploads.ts';

/** The part of the ledger that an upload writes to. */
export type UploadRecord = Pick<Uploads, 'reserve' | 'confirm'>;

/** What is known of each batch of a segment, by number. */
export interface BatchFacts {
  readonly rows: number;
  readonly firstUpdatedAt: string;
  readonly lastUpdatedAt: string;
}

/** The final outcome of one batch, or of the rows of a page that no batch holds: rejected, superseded (a negative number). */
export interface Answer {
  readonly batch: number;
  readonly digests: Buffer;
  readonly lastUpdatedAt: string;
  readonly sent: number;
  readonly requests: number;
  readonly rejected: readonly NewRejectedRow[];
  /** Whether an earlier sending of it may have arrived as well. */
  readonly answerLost: boolean;
  /** What is to be told of the run. */
  readonly warnings: readonly string[];
}

/**
 * Answers are written together: as many as came in while the last group was being written, at least this long unless the
 * window is what holds the upload up.
 */
const GATHER_MS = 20;
/** How long answers wait for a ledger that is out of reach. */
const LEDGER_PATIENCE_MS = 120_000;
const LEDGER_RETRY_MS = 500;

export class Confirmer {
  readonly #uploads: UploadRecord;
  readonly #holder: UploadHolder;
  readonly #run: string;
  readonly #segment: number;
  readonly #facts: readonly BatchFacts[];
  readonly #window: number;
  readonly #confirmed: Set<number>;
  #lowest = 0;
  #reservedTo = 0;
  #gathered: Answer[] = [];
  /** Turned off in the very step that finds nothing left to write, so that no answer is left lying. */
  #isWriting = false;
  #writing = Promise.resolve();
  #failure: Error | undefined;
  /** Why answers could not be recorded. */
  #unrecorded: Error | undefined;
  #waiting: (() => void)[] = [];
  #gathering = new AbortController();

  /** @param confirmed numbers of the batches that former attempts confirmed */
  constructor(
    uploads: UploadRecord,
    place: { holder: UploadHolder; run: string; segment: number },
    facts: readonly BatchFacts[],
    window: number,
    confirmed: ReadonlySet<number>,
  ) {
    this.#uploads = uploads;
    this.#holder = place.holder;
    this.#run = place.run;
    this.#segment = place.segment;
    this.#facts = facts;
    this.#window = window;
    this.#confirmed = new Set(confirmed);
    this.#advance();
  }

  /**
   * Reserves the first window, and records what former attempts may have sent.
   *
   * @param sentBelow batches below this number may have been sent by an attempt that is gone
   */
  async begin(sentBelow: number): Promise<void> {
    const lost = this.#openRanges(sentBelow);
    const reservation = this.#reservation();
    await this.#uploads.reserve(this.#holder, this.#run, this.#segment, reservation, lost);
    this.#reservedTo = reservation.to;
  }

  /** Waits until a batch lies within the reserved window. @throws what a failed confirmation threw */
  async room(batch: number): Promise<void> {
    while (batch >= this.#reservedTo) {
      this.#rethrow();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.#gathering.abort();
      });
    }
    this.#rethrow();
  }

  /**
   * Takes an answer; it is recorded soon. Not after one that could not be recorded: a later row of the same user must not be on
   * record as sent while an earlier one is not.
   */
  add(answer: Answer): void {
    if (this.#unrecorded !== undefined) return;
    this.#gathered.push(answer);
    if (!this.#isWriting) this.#writing = this.#write();
  }

  /** Lets go of everything that waits for room, because the upload has failed. */
  fail(error: unknown): void {
    this.#failure ??= asError(error);
    this.#wake();
  }

  /**
   * Records what is left.
   *
   * @param nothingInFlight whether no batch can be at Braze without an answer here
   * @throws what kept the ledger from recording it
   */
  async flush(nothingInFlight: boolean): Promise<void> {
    while (this.#isWriting) await this.#writing;
    if (this.#unrecorded !== undefined) throw this.#unrecorded;
    if (this.#gathered.length > 0) await this.#record(this.#gathered.splice(0));
    if (nothingInFlight) {
      await this.#uploads.reserve(this.#holder, this.#run, this.#segment, { to: 0, open: null }, []);
    }
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#gathered.length > 0) {
        await this.#gather();
        await this.#record(this.#gathered.splice(0));
      }
    } catch (error) {
      this.#unrecorded = asError(error);
      this.fail(error);
    } finally {
      this.#isWriting = false;
    }
  }

  /** Waits for more answers, but not while nothing can be sent before these are recorded. */
  async #gather(): Promise<void> {
    if (this.#waiting.length > 0) return;
    this.#gathering = new AbortController();
    await sleep(GATHER_MS, undefined, { signal: this.#gathering.signal }).catch(() => undefined);
  }

  async #record(answers: readonly Answer[]): Promise<void> {
    for (const { batch } of answers) if (batch >= 0) this.#confirmed.add(batch);
    this.#advance();
    const reservation = this.#reservation();
    const confirmation: Confirmation = {
      token: randomUUID(),
      batches: answers.map(({ batch }) => batch),
      digests: Buffer.concat(answers.map(({ digests }) => digests)),
      lastUpdatedAt: answers.reduce(
        (last, answer) => (answer.lastUpdatedAt > last ? answer.lastUpdatedAt : last),
        '',
      ),
      sent: answers.reduce((sum, answer) => sum + answer.sent, 0),
      requests: answers.reduce((sum, answer) => sum + answer.requests, 0),
      rejected: answers.flatMap(({ rejected }) => rejected),
      answerLost: answers
        .filter(({ answerLost }) => answerLost)
        .map(({ batch }) => rangeOf(batch, batch, this.#facts)),
      warnings: [...new Set(answers.flatMap(({ warnings }) => warnings))],
      reservation,
    };
    await this.#persist(() => this.#uploads.confirm(this.#holder, this.#run, this.#segment, confirmation));
    this.#reservedTo = reservation.to;
    this.#wake();
  }

  /** While the ledger is out of reach, answers wait for it: forgetting them would send their rows again. */
  async #persist(write: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + LEDGER_PATIENCE_MS;
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (!isConnectionError(error) || performance.now() > deadline) throw error;
        await sleep(LEDGER_RETRY_MS);
      }
    }
  }

  #advance(): void {
    while (this.#confirmed.has(this.#lowest)) this.#lowest += 1;
  }

  #reservation(): Reservation {
    const to = Math.min(this.#lowest + this.#window, this.#facts.length);
    const ranges = this.#openRanges(to);
    const [first] = ranges;
    const last = ranges.at(-1);
    if (!first || !last) return { to, open: null };
    return {
      to,
      open: {
        firstBatch: first.firstBatch,
        lastBatch: last.lastBatch,
        rows: ranges.reduce((sum, range) => sum + range.rows, 0),
        firstUpdatedAt: ranges.reduce(
          (low, range) => (range.firstUpdatedAt < low ? range.firstUpdatedAt : low),
          first.firstUpdatedAt,
        ),
        lastUpdatedAt: ranges.reduce(
          (high, range) => (range.lastUpdatedAt > high ? range.lastUpdatedAt : high),
          last.lastUpdatedAt,
        ),
      },
    };
  }

  /** Stretches of unconfirmed batches below a number. */
  #openRanges(below: number): BatchRange[] {
    const ranges: BatchRange[] = [];
    let start = -1;
    for (let batch = this.#lowest; batch <= below; batch += 1) {
      const open = batch < below && !this.#confirmed.has(batch);
      if (open && start < 0) start = batch;
      if (!open && start >= 0) {
        ranges.push(rangeOf(start, batch - 1, this.#facts));
        start = -1;
      }
    }
    return ranges;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function rangeOf(first: number, last: number, facts: readonly BatchFacts[]): BatchRange {
  const within = facts.slice(first, last + 1);
  return {
    firstBatch: first,
    lastBatch: last,
    rows: within.reduce((sum, fact) => sum + fact.rows, 0),
    firstUpdatedAt: within.reduce(
      (low, fact) => (low === '' || fact.firstUpdatedAt < low ? fact.firstUpdatedAt : low),
      '',
    ),
    lastUpdatedAt: within.reduce((high, fact) => (fact.lastUpdatedAt > high ? fact.lastUpdatedAt : high), ''),
  };
}
