/** Whether this process lives, and whether it can work: for whatever starts and routes to it. Needs no key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiDependencies, ApiEnvironment } from './environment.ts';

const PATIENCE_MS = 5_000;

const stateSchema = z.enum(['ok', 'unavailable']);
const readinessSchema = z
  .object({ status: stateSchema, ledger: stateSchema, temporal: stateSchema })
  .openapi('Readiness');

export function addHealthRoutes(app: OpenAPIHono<ApiEnvironment>, { session }: ApiDependencies): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/healthz',
      operationId: 'healthz',
      summary: 'Does the process live?',
      tags: ['Health'],
      responses: {
        200: {
          description: 'It does.',
          content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
        },
      },
    }),
    (c) => c.json({ status: 'ok' as const }, 200),
  );

  const content = { 'application/json': { schema: readinessSchema } };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/readyz',
      operationId: 'readyz',
      summary: 'Do the ledger and Temporal answer?',
      tags: ['Health'],
      responses: {
        200: { description: 'Both do.', content },
        503: { description: 'One of them does not.', content },
      },
    }),
    async (c) => {
      const [ledger, temporal] = await Promise.all([answers(session.ledger.ping()), answers(pingTemporal())]);
      const isReady = ledger === 'ok' && temporal === 'ok';
      return isReady
        ? c.json({ status: 'ok' as const, ledger, temporal }, 200)
        : c.json({ status: 'unavailable' as const, ledger, temporal }, 503);
    },
  );

  async function pingTemporal(): Promise<void> {
    const { workflowService } = await session.temporal();
    await workflowService.getSystemInfo({});
  }
}

async function answers(question: Promise<unknown>): Promise<'ok' | 'unavailable'> {
  const answer = question.then(
    () => 'ok' as const,
    () => 'unavailable' as const,
  );
  return Promise.race([answer, sleep(PATIENCE_MS, 'unavailable' as const, { ref: false })]);
}
