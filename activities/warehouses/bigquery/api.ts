/** Asks the API through the vendor's driver, with a token that is renewed when it runs out before its time. */
import type { BigQuery } from '@google-cloud/bigquery';
import { type TimeLimit, inTime } from '../in-time.ts';
import { isUnauthorized } from './errors.ts';

export type Patience = Omit<TimeLimit, 'signal'>;

export class Api {
  readonly #open: () => BigQuery;
  readonly #signal: AbortSignal;
  #client: BigQuery;

  /** @param open makes a client of the driver, with tokens of its own */
  constructor(open: () => BigQuery, signal: AbortSignal) {
    this.#open = open;
    this.#signal = signal;
    this.#client = open();
  }

  /**
   * Does a piece of work with the driver. It is done again with a new token where the present one is refused: a token
   * outlives its hour by the clock of a worker that is slow.
   *
   * @throws what the driver throws, the signal's reason, or what `late` makes
   */
  async ask<T>(work: (client: BigQuery) => Promise<T>, patience: Patience): Promise<T> {
    const client = this.#client;
    const start = performance.now();
    try {
      return await inTime({ ...patience, signal: this.#signal }, () => work(client));
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      if (this.#client === client) this.#client = this.#open();
      const ms = patience.ms - (performance.now() - start);
      return inTime({ ...patience, ms, signal: this.#signal }, () => work(this.#client));
    }
  }

  /** Does a piece of work that nobody waits for, even once the signal is aborted. */
  async tell(work: (client: BigQuery) => Promise<unknown>): Promise<void> {
    await work(this.#client).catch(() => undefined);
  }
}
