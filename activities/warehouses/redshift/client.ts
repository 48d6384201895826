/** A connection that knows how long it may wait, and ends its query on the server when nobody wants it any more. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { CdiError } from '../../../model/errors.ts';
import { socketOf } from '../../../store/socket-of.ts';
import { settled } from '../in-time.ts';
import type { Deadlines } from '../warehouse.ts';
import { classifyRedshift } from './errors.ts';
import { labelComment } from './label.ts';
import type { Query } from './sql.ts';
import type { Tunnel } from './tunnel.ts';

/** How long a cancelled query may take to end before its connection is dropped; nobody waits for a dead network. */
const CANCEL_MS = 5_000;
const FAREWELL_MS = 1_000;

type Row = Record<string, string>;

export interface RedshiftClientOptions {
  readonly client: pg.Client;
  /** Opens another connection by the same way. */
  readonly logIn: (signal: AbortSignal, ms: number) => Promise<pg.Client>;
  readonly tunnel: Tunnel | undefined;
  readonly signal: AbortSignal;
  readonly label: string;
  readonly deadlines: Deadlines;
}

export class RedshiftClient {
  readonly #options: RedshiftClientOptions;
  readonly #comment: string;
  /** Settles, and never fails, once the server is done with the present query. */
  #present: Promise<unknown> = Promise.resolve();
  /** Set once the present query took too long. */
  #late: CdiError | undefined;
  readonly #onAbort = (): void => void this.cancel();

  constructor(options: RedshiftClientOptions) {
    this.#options = options;
    this.#comment = labelComment(options.label);
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get socket(): Socket {
    return socketOf(this.#options.client);
  }

  /** Sends a query and waits for its whole answer. */
  async ask(query: Query): Promise<pg.QueryResult<Row>> {
    const answer = this.#options.client.query<Row>(this.#labelled(query), [...query.values]);
    this.#begin(answer);
    try {
      return await this.waitFor(answer);
    } catch (error) {
      throw this.explain(error);
    }
  }

  /**
   * Sends a query whose rows are taken from the socket.
   *
   * @param onEnd called once the server has answered it to the end, with what went wrong if anything did
   */
  send(query: Query, onEnd: (failure?: Error) => void): void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const sent = new pg.Query({ text: this.#labelled(query), values: [...query.values] });
    const end = (failure?: Error): void => {
      resolve(undefined);
      onEnd(failure);
    };
    sent.on('error', end);
    sent.on('end', () => end());
    this.#begin(promise);
    this.#options.client.query(sent);
  }

  /** Waits as long as the warehouse may take; a query that takes longer is cancelled. */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#late ??= new CdiError('query_timeout', 'Redshift did not answer the query in time.');
      void this.cancel();
    }, this.#options.deadlines.answerMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why a query failed: because it was cancelled, took too long, or by what the server said. */
  explain(failure: unknown): unknown {
    const { signal } = this.#options;
    return signal.aborted ? signal.reason : (this.#late ?? classifyRedshift(failure));
  }

  /** Ends the present query on the server, through a second connection; where that fails, the connection is dropped. */
  async cancel(): Promise<void> {
    const { client, logIn, deadlines } = this.#options;
    const isOver = new AbortController();
    const processId = Number(Reflect.get(client, 'processID') ?? 0);
    const ask = async (): Promise<void> => {
      const other = await logIn(isOver.signal, Math.min(deadlines.connectMs, CANCEL_MS));
      await other
        .query(`${this.#comment}select pg_cancel_backend($1)`, [processId])
        .finally(() => other.end().catch(() => undefined));
      await this.#present;
    };
    const isEnded = await Promise.race([
      ask().then(
        () => true,
        () => false,
      ),
      sleep(CANCEL_MS, false, { ref: false }),
    ]);
    isOver.abort();
    if (!isEnded) this.#drop();
    await this.#present;
  }

  async close(): Promise<void> {
    const { signal, client, tunnel } = this.#options;
    signal.removeEventListener('abort', this.#onAbort);
    await settled(client.end(), FAREWELL_MS);
    this.socket.destroy();
    tunnel?.close();
  }

  #labelled({ text }: Query): string {
    return `${this.#comment}${text}`;
  }

  #begin(answer: Promise<unknown>): void {
    this.#late = undefined;
    this.#present = answer.catch(() => undefined);
  }

  #drop(): void {
    this.socket.destroy();
  }
}
