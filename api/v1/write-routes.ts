/** What a sync can be told: run, retry, approve, reject, pause, resume, test. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { answerHeldRun } from '../../client/commands/answer-held.ts';
import { TestFailure } from '../../client/commands/execute-test.ts';
import { pauseSync, resumeSync } from '../../client/commands/pause.ts';
import { requireSync } from '../../client/commands/require-sync.ts';
import { offeredForRetry, startRetry } from '../../client/commands/retry.ts';
import { carryOutTest, failedVerdict } from '../../client/commands/test.ts';
import type { ApiPermission } from '../../model/api-permissions.ts';
import { byKey, requirePermission } from '../authenticate.ts';
import type { ApiDependencies, ApiEnvironment } from '../environment.ts';
import { requireJson } from '../require-json.ts';
import { ProblemError, problems } from '../problem.ts';
import { startRecordedRun } from '../start-run.ts';
import { noteSchema, runIdSchema, syncParameter } from './parameters.ts';
import { verdictSchema } from './schemas.ts';

const startedSchema = z.object({ sync: z.string(), run: z.string() }).openapi('StartedRun');

const retryBody = z
  .strictObject({
    run: runIdSchema.optional().describe('Only rows that this run rejected; default: all on offer.'),
    asRejected: z
      .boolean()
      .default(false)
      .describe('As they were when rejected, where nothing newer went out; default: as they are now.'),
    deletes: z.boolean().default(false).describe('Send rows that delete, too.'),
  })
  .openapi('RetryRequest');

const retriedSchema = z
  .object({
    sync: z.string(),
    run: z.string().nullable().describe('Null: there was nothing to send again.'),
    rows: z.int().min(0).describe('Rejected rows that are looked up.'),
  })
  .openapi('StartedRetry');

const noteBody = z.strictObject({ note: noteSchema.optional() }).openapi('Note');

const pausedSchema = z
  .object({ sync: z.string(), paused: z.boolean(), message: z.string() })
  .openapi('Paused');

const answeredSchema = z
  .object({ sync: z.string(), run: z.string(), decision: z.enum(['approved', 'rejected']) })
  .openapi('AnsweredRun');

const refusals = problems(400, 401, 403, 404, 409, 413, 415, 500, 503);

const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
});

export function addWriteRoutes(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { session } = dependencies;

  app.openapi(
    createRoute({
      ...action('run', 'v1.run', 'Start a run; the schedule stays as it is'),
      request: { params: syncParameter },
      responses: { 202: json('The run has started.', startedSchema), ...refusals },
    }),
    async (c) => {
      const { sync } = c.req.valid('param');
      const { definition } = await requireSync(session, sync);
      const started = { name: sync, dataType: definition.data_type };
      const run = await startRecordedRun(session, started, 'api', 'over the API');
      c.header('Location', `/v1/runs/${run}`);
      return c.json({ sync, run }, 202);
    },
  );

  app.openapi(
    createRoute({
      ...action('retry', 'v1.run', 'Send rejected rows again, never over something newer'),
      request: withBody(retryBody),
      responses: {
        200: json('There was nothing to send again.', retriedSchema),
        202: json('A run has started.', retriedSchema),
        ...refusals,
      },
    }),
    async (c) => {
      const { sync } = c.req.valid('param');
      const asked = retryBody.parse(c.req.valid('json'));
      const { ofRun, rows, deletes } = await offeredForRetry(session, sync, asked.run);
      if (rows === 0) return c.json({ sync, run: null, rows }, 200);
      if (deletes === rows && !asked.deletes)
        throw new ProblemError(
          409,
          'deletes_only',
          'All of the rejected rows delete; say that they may go.',
          [{ field: 'body.deletes', message: 'write true to send rows that delete' }],
        );
      const by = byKey(c.get('key'));
      const { asRejected } = asked;
      const run = await startRetry(session, sync, { ofRun, asRejected, deletes: asked.deletes, by });
      await session.ledger.runs.announce({
        id: run,
        sync,
        dataType: (await requireSync(session, sync)).definition.data_type,
        trigger: 'retry',
      });
      c.header('Location', `/v1/runs/${run}`);
      return c.json({ sync, run, rows }, 202);
    },
  );

  for (const [verb, decision, summary] of [
    ['approve', 'approved', 'Let a held run go on'],
    ['reject', 'rejected', 'End a held run and pause its schedule'],
  ] as const) {
    app.openapi(
      createRoute({
        ...action(verb, 'v1.run', summary),
        request: { params: syncParameter },
        responses: { 200: json('A worker has taken the answer up.', answeredSchema), ...refusals },
      }),
      async (c) => {
        const { sync } = c.req.valid('param');
        const { run } = await answerHeldRun(session, sync, decision, byKey(c.get('key')));
        return c.json({ sync, run, decision }, 200);
      },
    );
  }

  for (const [verb, carryOut, paused, note, summary] of [
    ['pause', pauseSync, true, 'Paused over the API.', 'Pause the schedule; a run under way goes on'],
    ['resume', resumeSync, false, 'Resumed over the API.', 'Let the schedule go again'],
  ] as const) {
    app.openapi(
      createRoute({
        ...action(verb, 'v1.pause', summary),
        request: withBody(noteBody),
        responses: { 200: json('Done.', pausedSchema), ...refusals },
      }),
      async (c) => {
        const { sync } = c.req.valid('param');
        const message = await carryOut(session, sync, c.req.valid('json').note ?? note);
        return c.json({ sync, paused, message }, 200);
      },
    );
  }

  app.openapi(
    createRoute({
      ...action('test', 'v1.test', 'Connection test with a preview; nothing is sent. May take minutes'),
      request: { params: syncParameter },
      responses: { 200: json('How the test ended.', verdictSchema), ...refusals },
    }),
    async (c) => {
      const { sync } = c.req.valid('param');
      await requireSync(session, sync);
      try {
        const { preview } = await carryOutTest(session, sync);
        return c.json(verdictSchema.parse({ sync, passed: true, preview }), 200);
      } catch (error) {
        if (!(error instanceof TestFailure)) throw error;
        return c.json(verdictSchema.parse(failedVerdict(sync, error)), 200);
      }
    },
  );

  function action<const V extends string>(verb: V, permission: ApiPermission, summary: string) {
    return {
      method: 'post' as const,
      path: `/v1/syncs/{sync}/${verb}` as const,
      operationId: `${verb}Sync`,
      summary,
      tags: ['What a sync can be told'],
      security: [{ key: [] }],
      middleware: [requirePermission(dependencies, permission), requireJson],
    };
  }
}

const withBody = <S extends z.ZodType>(schema: S) => ({
  params: syncParameter,
  body: { content: { 'application/json': { schema } } },
});
