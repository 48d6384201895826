/** Jobs as BigQuery has them: known by an id for good, running for a while, cancelled on demand. The emulator runs their SQL. */
import { z } from 'zod';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Answer, Emulator } from './emulator.ts';
import { GoogleError } from './google-error.ts';
import { type JobRequest, requireTaken } from './job-request.ts';
import { asBigquerySays, emulatorName, forEmulator, requireNames, tableOf } from './statement.ts';

export const LOCATION = 'EU';
/** Whatever a query reads, BigQuery bills 10 MB for its table. Source: pricing of BigQuery */
const LEAST_BYTES_BILLED = 10 << 20;
/** More results than these would fill the emulator's memory. */
const KEPT_RESULTS = 6;

export interface Job {
  readonly id: string;
  readonly request: JobRequest;
  readonly createdAt: number;
  endedAt: number | undefined;
  failure: GoogleError | undefined;
  /** Resolves once the job has ended. */
  readonly ended: Promise<unknown>;
  /** Ends it now, as cancelled. */
  readonly stop: (why: string) => void;
}

const upstreamSchema = z.object({
  status: z
    .object({ errorResult: z.object({ reason: z.string(), message: z.string() }).optional() })
    .optional(),
  error: z.object({ errors: z.array(z.object({ reason: z.string(), message: z.string() })) }).optional(),
});

export class Jobs {
  readonly #emulator: Emulator;
  readonly #jobs = new Map<string, Job>();
  readonly #results: string[] = [];
  /** Nobody may read these; written as `dataset.table`. */
  readonly denied = new Set<string>();
  /** What queries wait for. */
  gate: Promise<unknown> | undefined;

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
  }

  get all(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** @throws GoogleError 404 */
  find(id: string, location: string | null): Job {
    const job = location === LOCATION ? this.#jobs.get(id) : undefined;
    if (!job) throw new GoogleError('notFound', `Not found: Job ${this.#emulator.project}:${location}.${id}`);
    return job;
  }

  /** Starts a job. @throws GoogleError 409 where its id was used before */
  start(id: string, request: JobRequest): Job {
    if (this.#jobs.has(id))
      throw new GoogleError('duplicate', `Already Exists: Job ${this.#emulator.project}:${LOCATION}.${id}`);
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    const abort = new AbortController();
    const end = (failure?: GoogleError): void => {
      if (job.endedAt !== undefined) return;
      job.endedAt = Date.now();
      job.failure = failure;
      clearTimeout(timer);
      abort.abort();
      resolve(undefined);
    };
    const stop = (why: string): void =>
      end(new GoogleError('stopped', `Job execution was cancelled: ${why}`));
    const job: Job = {
      id,
      request,
      createdAt: Date.now(),
      endedAt: undefined,
      failure: undefined,
      ended,
      stop,
    };
    const { jobTimeoutMs } = request.configuration;
    const timer = jobTimeoutMs && setTimeout(() => stop('Job timed out'), Number(jobTimeoutMs));
    this.#jobs.set(id, job);
    this.#run(job, abort.signal).then(
      () => end(),
      (error: unknown) =>
        end(error instanceof GoogleError ? error : new GoogleError('backendError', String(error))),
    );
    return job;
  }

  /** Plans a query. @returns what the emulator answers @throws GoogleError where it would fail */
  async plan(request: JobRequest): Promise<Answer> {
    await this.#require(request);
    return this.#ask('dry', request);
  }

  /** A page of the rows of a job, at most so many bytes. */
  async page(job: Job, rows: number, start: number, mostBytes: number): Promise<Answer> {
    for (let most = rows; ;) {
      const path = `/queries/${job.id}?maxResults=${most}&startIndex=${start}`;
      const answer = await this.#emulator.send('GET', path);
      const bytes = Buffer.byteLength(answer.text);
      if (bytes <= mostBytes || most === 1) return answer;
      most = Math.max(1, Math.floor((most * mostBytes) / bytes / 1.1));
    }
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    await Promise.race([this.gate, job.ended]);
    if (job.endedAt !== undefined) return;
    const { maximumBytesBilled } = job.request.configuration.query;
    await this.#require(job.request);
    if (tableOf(job.request.configuration.query.query) && Number(maximumBytesBilled) < LEAST_BYTES_BILLED)
      throw new GoogleError(
        'bytesBilledLimitExceeded',
        `Query exceeded limit for bytes billed: ${maximumBytesBilled}. ${LEAST_BYTES_BILLED} or higher required.`,
      );
    await this.#ask(job.id, job.request, signal);
    this.#results.push(job.id);
    if (this.#results.length > KEPT_RESULTS)
      await this.#emulator.send('DELETE', `/jobs/${this.#results.shift()}/delete`);
  }

  async #ask(id: string, { configuration }: JobRequest, signal?: AbortSignal): Promise<Answer> {
    const { query, dryRun } = configuration;
    const body = {
      jobReference: { projectId: this.#emulator.project, jobId: id },
      configuration: { ...(dryRun ? { dryRun } : {}), query: { ...query, query: forEmulator(query.query) } },
    };
    const answer = await this.#emulator.send('POST', '/jobs', body, signal);
    const { status, error } = upstreamSchema.parse(JSON.parse(answer.text));
    const failure = error?.errors[0] ?? status?.errorResult;
    if (failure) throw asBigquerySays(failure);
    return answer;
  }

  /** @throws GoogleError where the statement names what is not there, or is not for everybody */
  async #require(request: JobRequest): Promise<void> {
    requireTaken(request);
    const table = tableOf(request.configuration.query.query);
    if (!table) return;
    requireNames(table);
    await this.#requireThere(table, request.jobReference.location);
    const name = `${this.#emulator.project}:${table.schema}.${table.table}`;
    if (this.denied.has(`${table.schema}.${table.table}`))
      throw new GoogleError(
        'accessDenied',
        `Access Denied: Table ${name}: Permission bigquery.tables.getData denied on table ${name} (or it may not exist).`,
      );
  }

  async #requireThere({ schema, table }: SourceTable, location: string): Promise<void> {
    const dataset = `/datasets/${emulatorName(schema)}`;
    const name = `${this.#emulator.project}:${schema}`;
    const where = `was not found in location ${location}`;
    if (location !== LOCATION || !(await this.#isThere(dataset)))
      throw new GoogleError('notFound', `Not found: Dataset ${name} ${where}`);
    if (!(await this.#isThere(`${dataset}/tables/${emulatorName(table)}`)))
      throw new GoogleError('notFound', `Not found: Table ${name}.${table} ${where}`);
  }

  async #isThere(path: string): Promise<boolean> {
    return (await this.#emulator.send('GET', path)).status === 200;
  }
}
