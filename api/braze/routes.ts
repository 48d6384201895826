/** Braze's own Cloud Data Ingestion API, call for call: clients written for it need another base URL and key only. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { CommandError, EXIT } from '../../client/command-error.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { requirePermission } from '../authenticate.ts';
import type { ApiDependencies, ApiEnvironment } from '../environment.ts';
import { ProblemError } from '../problem.ts';
import { limitRate } from '../rate-limit.ts';
import { startRecordedRun } from '../start-run.ts';
import { linkHeader, PAGE_SIZE, skipOf } from './cursor.ts';
import { integrationOf, integrationSchema, jobOf, jobSchema } from './items.ts';

/** Of each key, in requests per minute. */
const LIST_LIMIT = 50;
const STATUS_LIMIT = 100;
const SYNC_LIMIT = 20;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const messageSchema = z.object({ message: z.string() }).openapi('Message');

const cursorQuery = z.object({
  cursor: z.string().optional().describe('From a `Link` header; the first page without it.'),
});
const idParameter = z.object({ integration_id: z.string().describe('From the list of integrations.') });

const MESSAGES: Readonly<Record<number, string>> = {
  400: '`Invalid cursor` or `Invalid integration ID`.',
  401: '`Invalid API key`.',
  403: '`Access Denied`: the key lacks the permission.',
  404: '`Integration not found`.',
  429: '`Rate limit exceeded` or `Another job is in progress`.',
  500: 'Something went wrong here.',
  503: 'Temporal or the ledger does not answer.',
};

function messages(...statuses: readonly number[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: MESSAGES[status] ?? '', content: { 'application/json': { schema: messageSchema } } },
    ]),
  );
}

const linkHeaders = z.object({
  Link: z.string().optional().describe('The pages before and after, relative to the server.'),
});

function listOf<S extends z.ZodType>(schema: S, description: string) {
  return {
    description,
    headers: linkHeaders,
    content: {
      'application/json': { schema: z.object({ results: z.array(schema), message: z.literal('success') }) },
    },
  };
}

export function addBrazeRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { overviews, runs } = dependencies.session.ledger;
  const security = [{ key: [] }];
  const tags = ["Braze's API"];

  app.openapi(
    createRoute({
      method: 'get',
      path: '/cdi/integrations',
      operationId: 'listIntegrations',
      summary: 'List integrations',
      tags,
      security,
      middleware: [requirePermission(dependencies, 'cdi.integration_list'), limitRate(LIST_LIMIT)],
      request: { query: cursorQuery },
      responses: {
        200: listOf(integrationSchema, 'Ten syncs, by name.'),
        ...messages(400, 401, 403, 429, 500, 503),
      },
    }),
    async (c) => {
      const skip = skipOf(c.req.valid('query').cursor);
      const found = await overviews.page({ skip, limit: PAGE_SIZE + 1 });
      setLink(c, skip, found);
      const now = new Date();
      const results = found.slice(0, PAGE_SIZE).map((sync) => integrationOf(sync, now));
      return c.json({ results, message: 'success' as const }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/cdi/integrations/{integration_id}/job_sync_status',
      operationId: 'listJobSyncStatus',
      summary: 'List job sync status',
      tags,
      security,
      middleware: [requirePermission(dependencies, 'cdi.integration_job_status'), limitRate(STATUS_LIMIT)],
      request: { params: idParameter, query: cursorQuery },
      responses: {
        200: listOf(jobSchema, 'Ten runs of the sync, the newest first.'),
        ...messages(400, 401, 403, 429, 500, 503),
      },
    }),
    async (c) => {
      const sync = await find(c.req.valid('param').integration_id);
      if (!sync) throw invalidId();
      const skip = skipOf(c.req.valid('query').cursor);
      const found = await runs.page(sync.name, { skip, limit: PAGE_SIZE + 1 });
      setLink(c, skip, found);
      return c.json({ results: found.slice(0, PAGE_SIZE).map(jobOf), message: 'success' as const }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/cdi/integrations/{integration_id}/sync',
      operationId: 'triggerSync',
      summary: 'Trigger sync',
      tags,
      security,
      middleware: [requirePermission(dependencies, 'cdi.integration_sync'), limitRate(SYNC_LIMIT)],
      request: { params: idParameter },
      responses: {
        202: {
          description: 'A run has started; it is in the list of job statuses at once.',
          content: { 'application/json': { schema: messageSchema } },
        },
        ...messages(400, 401, 403, 404, 429, 500, 503),
      },
    }),
    async (c) => {
      const sync = await find(c.req.valid('param').integration_id);
      if (!sync) throw new ProblemError(404, 'not_found', 'Integration not found');
      await startFor(sync);
      return c.json({ message: 'success' }, 202);
    },
  );

  async function find(id: string): Promise<SyncOverview | undefined> {
    if (!UUID.test(id)) throw invalidId();
    return overviews.byIntegrationId(id);
  }

  async function startFor({ name, definition }: SyncOverview): Promise<void> {
    try {
      await startRecordedRun(
        dependencies.session,
        { name, dataType: definition.data_type },
        'api',
        'over the API',
      );
    } catch (error) {
      if (!(error instanceof CommandError) || error.exitCode !== EXIT.busy) throw error;
      throw new ProblemError(429, 'job_in_progress', 'Another job is in progress');
    }
  }
}

const invalidId = (): ProblemError =>
  new ProblemError(400, 'invalid_integration_id', 'Invalid integration ID');

function setLink(c: Context, skip: number, found: readonly unknown[]): void {
  const link = linkHeader(c.req.path, skip, found.length > PAGE_SIZE);
  if (link !== undefined) c.header('Link', link);
}
