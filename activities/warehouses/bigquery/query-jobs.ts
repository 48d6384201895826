/** Queries as jobs of BigQuery: run under an id of our own, found again, read page by page, cancelled. */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery, JobMetadata, Query as DriverQuery } from '@google-cloud/bigquery';
import { CdiError } from '../../../model/errors.ts';
import { settled } from '../in-time.ts';
import type { QueryTokens } from '../warehouse.ts';
import type { Api, Patience } from './api.ts';
import type { Field } from './column-types.ts';
import { classifyBigquery, isDuplicate, isNotFound, isVerdict } from './errors.ts';
import type { Query } from './sql.ts';

export interface JobOptions {
  readonly location: string;
  readonly labels: Record<string, string>;
  /** Part of what ids of jobs are made from, so that no run finds those of another. */
  readonly label: string;
  readonly signal: AbortSignal;
  readonly queries: QueryTokens | undefined;
  /** How long an answer may take. */
  readonly answerMs: number;
  readonly maximumBytesBilled: number | undefined;
}

/** A row as the wire has it. */
export interface WireRow {
  readonly f: readonly { readonly v: string | null }[];
}

export interface Page {
  readonly rows: readonly WireRow[];
  /** Finds the next page; undefined after the last one. */
  readonly next: string | undefined;
}

/** Of a short answer. */
const ANSWER_ROWS = 10_000;
/** After which a single request is taken for lost. */
const REQUEST_MS = 120_000;
/** The server holds back its answer while the job runs, for some ten seconds; this is for one that does not. */
const POLL_MS = 100;
/** Results are kept for about a day. */
const KEPT_MS = 23 * 3_600_000;
/** A job runs for six hours at most. */
const LONGEST_JOB_MS = 6 * 3_600_000;
/** How long closing waits for cancellations that are under way. */
const FAREWELL_MS = 2_000;

export class QueryJobs {
  readonly #api: Api;
  readonly #options: JobOptions;
  /** Jobs that are not known to have ended, with the request that makes them. */
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #farewells = new Set<Promise<void>>();
  /** How often each query was asked: the same one again is another one. */
  readonly #asked = new Map<string, number>();
  readonly #onAbort = (): void => {
    for (const id of this.#running.keys()) this.#cancel(id);
  };

  constructor(api: Api, options: JobOptions) {
    this.#api = api;
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Plans a query, which costs nothing. @returns the columns that its rows would have */
  async plan(query: Query): Promise<readonly Field[]> {
    return this.#classified(async () => {
      const dry = { ...this.#driverQuery(query), dryRun: true };
      const [job] = await this.#ask((client) => client.createQueryJob(dry), this.#deadline());
      const { statistics } = job.metadata as {
        statistics?: { query?: { schema?: { fields?: readonly Field[] } } };
      };
      return statistics?.query?.schema?.fields ?? [];
    });
  }

  /** Runs a query, whose answer is short. */
  async answer(query: Query): Promise<readonly WireRow[]> {
    return this.#classified(async () => {
      const until = this.#deadline();
      const id = `cdi_${randomUUID()}`;
      try {
        await this.#create(id, query, until);
        const rows: WireRow[] = [];
        let at: string | undefined;
        do {
          const page = await this.#page(id, ANSWER_ROWS, at, until);
          rows.push(...page.rows);
          at = page.next;
        } while (at !== undefined);
        return rows;
      } catch (error) {
        this.#settle(id, error);
        this.#cancel(id);
        throw error;
      }
    });
  }

  /**
   * Runs a query, or finds it again where an earlier attempt of the same step ran it.
   *
   * @returns its id, under which its pages are had
   */
  async begin(query: Query): Promise<string> {
    return this.#classified(async () => {
      const until = this.#deadline();
      const { queries } = this.#options;
      return queries ? this.#find(query, queries, until) : this.#create(`cdi_${randomUUID()}`, query, until);
    });
  }

  /**
   * Waits for a page of a job.
   *
   * @param rows at most so many; the server cuts a page at some 20 MB, too
   * @param at as the page before it says; undefined for the first one
   */
  async page(id: string, rows: number, at: string | undefined): Promise<Page> {
    return this.#classified(async () => {
      try {
        return await this.#page(id, rows, at, this.#deadline());
      } catch (error) {
        this.#settle(id, error);
        throw error;
      }
    });
  }

  /** Waits a while for the server to hear of what was cancelled. */
  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    await settled(Promise.all(this.#farewells), FAREWELL_MS);
  }

  /** The first id follows from run and query: it finds a job too whose id nobody had the time to keep. */
  async #find(query: Query, queries: QueryTokens, until: number): Promise<string> {
    const key = this.#keyOf(query);
    const derived = `cdi_${hash(`${this.#options.label}\n${key}`)}`;
    const kept = queries.find(key);
    let id = kept ?? derived;
    const isNew = kept === undefined && (await this.#createUnlessThere(id, query, until));
    if (!isNew && !(await this.#isOfUse(id, until)))
      id = await this.#create(`${derived}_${randomUUID()}`, query, until);
    queries.keep(key, id);
    return id;
  }

  #keyOf({ text, params }: Query): string {
    const key = hash(JSON.stringify([text, params]));
    const times = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, times);
    return times === 1 ? key : `${key}-${times}`;
  }

  async #create(id: string, query: Query, until: number): Promise<string> {
    // That it is there already means that the driver sent the request twice.
    await this.#createUnlessThere(id, query, until);
    return id;
  }

  async #createUnlessThere(id: string, query: Query, until: number): Promise<boolean> {
    const { answerMs, maximumBytesBilled } = this.#options;
    const job: DriverQuery = {
      ...this.#driverQuery(query),
      jobId: id,
      jobTimeoutMs: Math.min(Math.ceil(answerMs), LONGEST_JOB_MS),
      ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
    };
    try {
      await this.#ask((client) => {
        const creation = client.createQueryJob(job);
        this.#running.set(id, creation);
        return creation;
      }, until);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      this.#settle(id, error);
      throw error;
    }
  }

  /** Whether a job runs, or has a result that is still kept. */
  async #isOfUse(id: string, until: number): Promise<boolean> {
    this.#running.delete(id);
    try {
      const answer = await this.#ask((client) => this.#job(client, id).getMetadata(), until);
      const { status, statistics } = answer[0] as JobMetadata;
      if (status?.errorResult) return false;
      if (statistics?.endTime !== undefined) return Date.now() - Number(statistics.endTime) < KEPT_MS;
      this.#running.set(id, Promise.resolve());
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #page(id: string, rows: number, at: string | undefined, until: number): Promise<Page> {
    const options = { autoPaginate: false, skipParsing: true, maxResults: rows };
    const query = at === undefined ? options : { ...options, pageToken: at };
    for (;;) {
      const [, , answer] = await this.#ask((client) => this.#job(client, id).getQueryResults(query), until);
      if (answer?.jobComplete) {
        this.#running.delete(id);
        return { rows: (answer.rows ?? []) as WireRow[], next: answer.pageToken || undefined };
      }
      await sleep(POLL_MS);
    }
  }

  /** Forgets a job that the server has ended, and ends any other, unless a later attempt will look for it. */
  #settle(id: string, error: unknown): void {
    const isLate = error instanceof CdiError && error.type === 'query_timeout';
    if (isVerdict(error)) this.#running.delete(id);
    else if (isLate || !this.#options.queries) this.#cancel(id);
  }

  /** Ends a job on the server, once the request that makes it is through. */
  #cancel(id: string): void {
    const creation = this.#running.get(id);
    if (!creation) return;
    this.#running.delete(id);
    const farewell = creation
      .catch(() => undefined)
      .then(() => this.#api.tell((client) => this.#job(client, id).cancel()))
      .finally(() => this.#farewells.delete(farewell));
    this.#farewells.add(farewell);
  }

  #job(client: BigQuery, id: string): ReturnType<BigQuery['job']> {
    return client.job(id, { location: this.#options.location });
  }

  #driverQuery({ text, params }: Query): DriverQuery {
    return {
      query: text,
      location: this.#options.location,
      labels: this.#options.labels,
      // A cached answer may be older than an external table.
      useQueryCache: false,
      ...(Object.keys(params).length === 0 ? {} : { params }),
    };
  }

  #deadline(): number {
    return performance.now() + this.#options.answerMs;
  }

  #ask<T>(work: (client: BigQuery) => Promise<T>, until: number): Promise<T> {
    return this.#api.ask(work, this.#patience(until - performance.now()));
  }

  #patience(ms: number): Patience {
    if (ms > REQUEST_MS)
      return {
        ms: REQUEST_MS,
        late: () => new CdiError('warehouse_unreachable', 'BigQuery left a request without an answer.'),
      };
    const seconds = Math.round(this.#options.answerMs / 1_000);
    return {
      ms,
      late: () =>
        new CdiError('query_timeout', `BigQuery did not answer the query within ${seconds} seconds.`),
    };
  }

  /** @throws the signal's reason, or an error of BigQuery's classes */
  async #classified<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#options.signal.aborted ? error : classifyBigquery(error);
    }
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 40);
