/** One login, and the queries that it asks. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Connection,
  QueryStatus,
  RowStatement,
  StatementCallback,
  StatementOption,
} from 'snowflake-sdk';
import { CdiError } from '../../../model/errors.ts';
import { inTime, settled } from '../in-time.ts';
import { type ConnectOptions, DEADLINES, type Deadlines } from '../warehouse.ts';
import { classifySnowflake, codeOf } from './errors.ts';
import type { Query } from './sql.ts';

/** How long closing waits for the server at most. */
const CLOSE_MS = 5_000;
/** How often a query that goes on running is asked after: soon at first, then less and less. */
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 5_000;
const LOOK_GROWTH = 1.1;
const TOKEN_EXPIRED = '390112';

type Complete = Pick<StatementOption, 'complete'>;

export class SnowflakeSession {
  readonly #connection: Connection;
  readonly #options: ConnectOptions;
  readonly #deadlines: Deadlines;
  readonly #cancels = new Set<Promise<void>>();

  constructor(connection: Connection, options: ConnectOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#deadlines = options.deadlines ?? DEADLINES;
  }

  /**
   * Runs a query to its end.
   *
   * @returns the statement, whose rows can be streamed
   * @throws CdiError of classifySnowflake, `query_timeout`; the signal's reason
   */
  async run(query: Query): Promise<RowStatement> {
    let statement: RowStatement | undefined;
    return this.#wait(
      () => this.#cancel(statement),
      () =>
        this.#completed(
          (done) => (statement = this.#connection.execute({ ...this.#statement(query), ...done })),
        ),
    );
  }

  /**
   * Runs a query, unless an earlier attempt has it running or its result is still kept. Its own id finds the query again.
   *
   * @returns the statement, whose rows can be streamed
   * @throws as `run`
   */
  async runOrFind(query: Query): Promise<RowStatement> {
    const { queries } = this.#options;
    const key = createHash('sha256')
      .update(JSON.stringify([query.text, query.values]))
      .digest('hex');
    const known = queries?.find(key);
    let running = known;
    return this.#wait(
      () => this.#cancelById(running),
      async (givenUp) => {
        if (known !== undefined) {
          const found = await this.#result(known, givenUp).catch(() => undefined);
          givenUp.throwIfAborted();
          if (found) return found;
        }
        const statement = await this.#completed((done) =>
          this.#connection.execute({ ...this.#statement(query), asyncExec: true, ...done }),
        );
        running = statement.getQueryId();
        if (givenUp.aborted) this.#cancelById(running);
        givenUp.throwIfAborted();
        queries?.keep(key, running);
        return this.#result(running, givenUp);
      },
    );
  }

  /** Waits for more rows of a result. @param giveUp called when they do not come in time */
  async waitForRows(rows: Promise<void>, giveUp: () => void): Promise<void> {
    await this.#wait(giveUp, () => rows);
  }

  async close(): Promise<void> {
    const goodbye = Promise.all(this.#cancels).then(
      () => new Promise<void>((resolve) => this.#connection.destroy(() => resolve())),
    );
    await settled(goodbye, Math.min(CLOSE_MS, this.#deadlines.connectMs));
  }

  #statement({ text, values }: Query): StatementOption {
    return {
      sqlText: text,
      binds: values,
      rowMode: 'array',
      // Without it the driver keeps the error of an asynchronous statement to itself.
      streamResult: true,
      parameters: {
        STATEMENT_TIMEOUT_IN_SECONDS: Math.max(1, Math.ceil(this.#deadlines.answerMs / 1_000)),
        // A view may ask for the time of the session.
        TIMEZONE: 'UTC',
        // What accounts may set otherwise, and what would then be read is not what the table holds.
        QUOTED_IDENTIFIERS_IGNORE_CASE: false,
        ROWS_PER_RESULTSET: 0,
        // The least that a chunk of a result may be limited to, in MB: three of them lie in memory at most.
        CLIENT_RESULT_CHUNK_SIZE: 48,
      },
    };
  }

  #wait<T>(giveUp: () => void, work: (givenUp: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    const late = (): Error => new CdiError('query_timeout', 'Snowflake did not answer the query in time.');
    return inTime({ signal, ms: this.#deadlines.answerMs, late }, (givenUp) => {
      givenUp.addEventListener('abort', giveUp);
      return work(givenUp);
    });
  }

  async #completed(start: (done: Complete) => RowStatement): Promise<RowStatement> {
    const { promise, resolve, reject } = Promise.withResolvers<RowStatement>();
    const complete: StatementCallback = (error, statement) =>
      error ? reject(classifySnowflake(error)) : resolve(statement);
    start({ complete });
    return promise;
  }

  /** Waits for a query that runs on the server. @returns its result, or throws what it failed with */
  async #result(queryId: string, givenUp: AbortSignal): Promise<RowStatement> {
    let wait = FIRST_LOOK_MS;
    while (this.#connection.isStillRunning((await this.#status(queryId)) as QueryStatus)) {
      await sleep(wait, undefined, { signal: givenUp });
      wait = Math.min(wait * LOOK_GROWTH, LAST_LOOK_MS);
    }
    givenUp.throwIfAborted();
    return this.#fetch(queryId);
  }

  #fetch(queryId: string): Promise<RowStatement> {
    return this.#completed((done) =>
      this.#connection.fetchResult({ queryId, rowMode: 'array', streamResult: true, ...done }),
    );
  }

  /** The driver renews the session's token for every request but this one. */
  async #status(queryId: string): Promise<string> {
    try {
      return await this.#connection.getQueryStatus(queryId).catch(async (error: unknown) => {
        if (codeOf(error) !== TOKEN_EXPIRED || !(await this.#connection.isValidAsync())) throw error;
        return this.#connection.getQueryStatus(queryId);
      });
    } catch (error) {
      throw classifySnowflake(error);
    }
  }

  #cancel(statement: RowStatement | undefined): void {
    if (!statement) return;
    const asked = new Promise<void>((resolve) => statement.cancel(() => resolve()));
    this.#cancels.add(asked);
    void asked.then(() => this.#cancels.delete(asked));
  }

  /** Only a statement can be cancelled, and one comes of asking for the result. */
  #cancelById(queryId: string | undefined): void {
    if (queryId === undefined) return;
    this.#cancel(this.#connection.fetchResult({ queryId, complete: () => undefined, streamResult: true }));
  }
}
