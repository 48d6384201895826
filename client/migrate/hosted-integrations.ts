/** Reads the integrations of a workspace, and their jobs, from Braze's own Cloud Data Ingestion API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CommandError, EXIT } from '../command-error.ts';

/** Braze says that all of these are texts, empty where it does not know; a field that is missing counts as empty. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const integrationSchema = z.object({
  integration_id: z.string().regex(/^[\w-]{8,100}$/),
  integration_name: text,
  integration_type: text,
  integration_status: text,
  contact_emails: text,
  last_updated_at: text,
  warehouse_type: text,
  next_scheduled_run: text,
});

const jobSchema = z.object({
  job_status: text,
  sync_start_time: text,
  sync_finish_time: text,
  last_timestamp_synced: text,
});

export type HostedJob = z.infer<typeof jobSchema>;

export interface HostedIntegration extends z.infer<typeof integrationSchema> {
  /** The newest job; undefined where none is on record. */
  readonly lastJob: HostedJob | undefined;
}

export interface HostedApi {
  /** REST endpoint of the Braze instance. */
  readonly endpoint: string;
  readonly apiKey: string;
  /** Told while a rate limit is waited for. */
  readonly say: (line: string) => void;
}

const REQUEST_TIMEOUT_MS = 60_000;
const LONGEST_WAIT_S = 120;
const ATTEMPTS = 5;
/** A key may be bound to a workspace with many integrations; a link that leads in a circle ends here. */
const MOST_PAGES = 1_000;

/**
 * @returns every integration, in the order of Braze
 * @throws CommandError `usage` where the key or a permission is wrong, `unreachable` where Braze does not answer
 */
export async function hostedIntegrations(api: HostedApi): Promise<HostedIntegration[]> {
  const integrations = await allPages(api, '/cdi/integrations', integrationSchema);
  const found: HostedIntegration[] = [];
  for (const integration of integrations) {
    const path = `/cdi/integrations/${encodeURIComponent(integration.integration_id)}/job_sync_status`;
    const { results } = await onePage(api, path, jobSchema);
    const [lastJob] = results.toSorted((one, other) =>
      one.sync_start_time < other.sync_start_time ? 1 : -1,
    );
    found.push({ ...integration, lastJob });
  }
  return found;
}

interface Page<T> {
  readonly results: T[];
  /** Path of the next page. */
  readonly next: string | undefined;
}

async function allPages<T>(api: HostedApi, first: string, item: z.ZodType<T>): Promise<T[]> {
  const all: T[] = [];
  let path: string | undefined = first;
  for (let pages = 0; path !== undefined && pages < MOST_PAGES; pages += 1) {
    const page: Page<T> = await onePage(api, path, item);
    all.push(...page.results);
    path = page.next;
  }
  return all;
}

async function onePage<T>(api: HostedApi, path: string, item: z.ZodType<T>): Promise<Page<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await get(api, path);
    if (response.status === 429 && attempt < ATTEMPTS) {
      const seconds = secondsToWait(response.headers, Date.now());
      api.say(`Braze asks to wait: ${seconds} s …`);
      await response.body?.cancel();
      await sleep(seconds * 1_000);
      continue;
    }
    if (!response.ok) throw refused(response.status, path);
    const page = z.object({ results: z.array(item) }).safeParse(await response.json().catch(() => undefined));
    if (!page.success)
      throw new CommandError(EXIT.failed, `Braze answered ${path} in a form that is not the published one.`);
    return { results: page.data.results, next: nextOf(response.headers.get('link')) };
  }
}

async function get({ endpoint, apiKey }: HostedApi, path: string): Promise<Response> {
  try {
    return await fetch(new URL(path, endpoint), {
      headers: { authorization: `Bearer ${apiKey}` },
      // A key goes to the endpoint that was named, and to no other.
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch {
    throw new CommandError(EXIT.unreachable, `${endpoint} does not answer. Is it the REST endpoint?`);
  }
}

function refused(status: number, path: string): CommandError {
  switch (status) {
    case 401:
      return new CommandError(
        EXIT.usage,
        'Braze refused the API key: check it, and that --endpoint is the one of its instance.',
      );
    case 403:
      return new CommandError(
        EXIT.usage,
        `The API key lacks a permission for ${path}: give it cdi.integration_list and cdi.integration_job_status.`,
      );
    case 429:
      return new CommandError(EXIT.unreachable, 'Braze still asks to wait. Try again in a few minutes.');
    default:
      return new CommandError(EXIT.failed, `Braze answered ${path} with status ${status}.`);
  }
}

/** The path behind `rel="next"`. Only the path: a link to another host is followed on the endpoint. */
export function nextOf(link: string | null): string | undefined {
  const target = /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, 'http://endpoint')) return undefined;
  const { pathname, search } = new URL(target, 'http://endpoint');
  return pathname + search;
}

const SECONDS_BELOW = 1_000_000_000;

/** @param now milliseconds since the epoch */
export function secondsToWait(headers: Headers, now: number): number {
  const after = Number(headers.get('x-ratelimit-retry-after') ?? NaN);
  const reset = Number(headers.get('x-ratelimit-reset') ?? NaN);
  const fromReset = reset < SECONDS_BELOW ? reset : reset - now / 1_000;
  const seconds = Number.isFinite(after) ? after : Number.isFinite(fromReset) ? fromReset : 10;
  return Math.min(LONGEST_WAIT_S, Math.max(1, Math.ceil(seconds)));
}
