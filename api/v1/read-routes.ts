/** What there is and how it goes: syncs, runs with their progress, rejected rows. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { RUN_STATUSES } from '../../model/run.ts';
import type { RunRecord } from '../../store/runs.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { rejectedAsJson } from '../../client/output/rejected-row.ts';
import { requirePermission } from '../authenticate.ts';
import type { ApiDependencies, ApiEnvironment } from '../environment.ts';
import { ProblemError, problems } from '../problem.ts';
import { EXPORT_FORMATS, exportAll, exportResponse } from '../rejected-export.ts';
import { pageOf } from './page-of.ts';
import {
  limitSchema,
  MOST_ROWS,
  optionalLimitSchema,
  runIdSchema,
  runParameter,
  syncParameter,
} from './parameters.ts';
import {
  rangeSchema,
  reasonSchema,
  rejectedRowSchema,
  runJson,
  runSchema,
  syncAsJson,
  syncSchema,
} from './schemas.ts';
import { nameSchema } from '../../model/common-fields.ts';

const security = [{ key: [] }];
const tags = ['Syncs and runs'];
const refusals = problems(400, 401, 403, 404, 500, 503);

const nextSchema = z.string().nullable().describe('Address of the next page, relative to the server.');

const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
});

const rowFilter = {
  run: runIdSchema.optional().describe('Only rows that this run rejected.'),
  code: z
    .string()
    .regex(/^[a-z0-9_]{1,64}$/, 'write a code such as payload_not_json')
    .optional()
    .describe('Only rows with this reason.'),
};

export function addReadRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { overviews, runs, rejectedRows } = dependencies.session.ledger;
  const mayRead = [requirePermission(dependencies, 'v1.read')];

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/syncs',
      operationId: 'listSyncs',
      summary: 'Syncs, by name',
      tags,
      security,
      middleware: mayRead,
      request: {
        query: z.strictObject({
          limit: limitSchema,
          after: nameSchema.optional().describe('Name that the page begins after.'),
        }),
      },
      responses: {
        200: json('A page of syncs.', z.object({ syncs: z.array(syncSchema), next: nextSchema })),
        ...refusals,
      },
    }),
    async (c) => {
      const { limit, after } = c.req.valid('query');
      const found = await overviews.page({ after, limit: limit + 1 });
      const { items, next } = pageOf(c, found, limit, (last) => ({ after: last.name }));
      const now = new Date();
      return c.json({ syncs: items.map((sync) => syncAsJson(sync, now)), next }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/syncs/{sync}',
      operationId: 'getSync',
      summary: 'One sync',
      tags,
      security,
      middleware: mayRead,
      request: { params: syncParameter },
      responses: { 200: json('The sync.', syncSchema), ...refusals },
    }),
    async (c) => c.json(syncAsJson(await syncOf(c.req.valid('param').sync), new Date()), 200),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/syncs/{sync}/runs',
      operationId: 'listRuns',
      summary: 'Runs of a sync, the newest first',
      tags,
      security,
      middleware: mayRead,
      request: {
        params: syncParameter,
        query: z.strictObject({
          limit: limitSchema,
          before: runIdSchema.optional().describe('Run that the page begins after.'),
          status: z.enum(RUN_STATUSES).optional().describe('Only runs with this status.'),
        }),
      },
      responses: {
        200: json('A page of runs.', z.object({ runs: z.array(runSchema), next: nextSchema })),
        ...refusals,
      },
    }),
    async (c) => {
      const { sync } = c.req.valid('param');
      const { limit, before, status } = c.req.valid('query');
      await syncOf(sync);
      const found = await runs.page(sync, { before, status, limit: limit + 1 });
      const { items, next } = pageOf(c, found, limit, (last) => ({ before: last.id }));
      return c.json({ runs: items.map(runJson), next }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/runs/{run}',
      operationId: 'getRun',
      summary: 'One run, with its progress while it is under way',
      tags,
      security,
      middleware: mayRead,
      request: { params: runParameter },
      responses: {
        200: json('The run.', runSchema.extend({ possiblyDoubledRanges: z.array(rangeSchema) })),
        ...refusals,
      },
    }),
    async (c) => {
      const run = await runOf(c.req.valid('param').run);
      return c.json({ ...runJson(run), possiblyDoubledRanges: await runs.possiblyDoubled(run.id) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/syncs/{sync}/rejected/reasons',
      operationId: 'countRejectedRows',
      summary: 'Rejected rows of a sync, counted by reason',
      tags,
      security,
      middleware: mayRead,
      request: { params: syncParameter, query: z.strictObject({ run: rowFilter.run }) },
      responses: {
        200: json('The most frequent reason first.', z.object({ reasons: z.array(reasonSchema) })),
        ...refusals,
      },
    }),
    async (c) => {
      const { sync } = c.req.valid('param');
      await syncOf(sync);
      const counts = await rejectedRows.reasons(sync, c.req.valid('query').run);
      return c.json(
        { reasons: counts.map(({ code, reason, count }) => ({ code, reason, rows: count })) },
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/syncs/{sync}/rejected',
      operationId: 'listRejectedRows',
      summary: 'Rejected rows of a sync, in the order they were rejected',
      description:
        '`json` comes in pages. `csv` and `ndjson` hold every row, or with `limit` a page; the `Link` header leads on. ' +
        'A cell of `csv` that a spreadsheet would take for a formula begins with an apostrophe.',
      tags,
      security,
      middleware: [requirePermission(dependencies, 'v1.rejected')],
      request: {
        params: syncParameter,
        query: z.strictObject({
          ...rowFilter,
          format: z.enum(['json', ...EXPORT_FORMATS]).default('json'),
          limit: optionalLimitSchema,
          after: z
            .string()
            .regex(/^\d{1,15}$/, 'take it from `next`')
            .optional()
            .describe('Where the page begins; from `next`.'),
        }),
      },
      responses: {
        200: {
          description: 'The rows.',
          content: {
            'application/json': {
              schema: z.object({ rows: z.array(rejectedRowSchema), next: nextSchema }),
            },
            'text/csv': { schema: z.string() },
            'application/x-ndjson': { schema: z.string() },
          },
        },
        ...refusals,
      },
    }),
    async (c) => {
      const { sync } = c.req.valid('param');
      const { run, code, format, limit = MOST_ROWS, after = '0' } = c.req.valid('query');
      await syncOf(sync);
      if (format !== 'json' && c.req.valid('query').limit === undefined)
        return exportAll(dependencies.session, format, sync, { run, code, after: Number(after) });
      const found = await rejectedRows.list(sync, { run, code, after: Number(after), limit: limit + 1 });
      const { items, next } = pageOf(c, found, limit, (last) => ({ after: String(last.id) }));
      if (format !== 'json') return linked(exportResponse(format, sync, items), c.res.headers);
      return c.json({ rows: items.map(rejectedAsJson), next }, 200);
    },
  );

  /** @throws ProblemError 404 */
  async function syncOf(name: string): Promise<SyncOverview> {
    const sync = await overviews.byName(name);
    if (sync) return sync;
    throw new ProblemError(404, 'not_found', `There is no sync ${name}.`, [
      { field: 'path.sync', message: 'there is no such sync' },
    ]);
  }

  /** @throws ProblemError 404 */
  async function runOf(id: string): Promise<RunRecord> {
    const run = await runs.get(id);
    if (run) return run;
    throw new ProblemError(404, 'not_found', `There is no run ${id}.`, [
      { field: 'path.run', message: 'there is no such run' },
    ]);
  }
}

function linked(response: Response, headers: Headers): Response {
  const link = headers.get('Link');
  if (link !== null) response.headers.set('Link', link);
  return response;
}
