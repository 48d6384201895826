/** `GET /metrics` for Prometheus: what the ledger knows of every sync, and how this process answers. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Histogram, type Registry } from 'prom-client';
import { addLedgerMetrics } from '../metrics/ledger-metrics.ts';
import { metricsText, processRegistry } from '../metrics/registry.ts';
import { requirePermission } from './authenticate.ts';
import type { ApiDependencies, ApiEnvironment } from './environment.ts';
import { problems } from './problem.ts';

/** In seconds: a page in a few milliseconds, a connection test in minutes. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];

/** @returns what counts requests, to be used before all else; a route counts by its pattern, never by the names in it */
export function measureRequests(registry: Registry): MiddlewareHandler<ApiEnvironment> {
  const seconds = new Histogram({
    name: 'cdi_api_request_seconds',
    help: 'How long requests to the API took, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  return async (c, next) => {
    const stop = seconds.startTimer();
    await next();
    stop({ method: c.req.method, route: routePath(c, -1), status: c.res.status });
  };
}

/** @returns the registry of this process, with the ledger's metrics */
export function apiRegistry({ session }: ApiDependencies): Registry {
  const registry = processRegistry();
  addLedgerMetrics(registry, session.ledger);
  return registry;
}

export function addMetricsRoute(
  app: OpenAPIHono<ApiEnvironment>,
  dependencies: ApiDependencies,
  registry: Registry,
): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      operationId: 'metrics',
      summary: 'Metrics for Prometheus',
      tags: ['Health'],
      security: [{ key: [] }],
      middleware: [requirePermission(dependencies, 'v1.read')],
      responses: {
        200: {
          description: 'In the text format of Prometheus.',
          content: { 'text/plain': { schema: z.string() } },
        },
        ...problems(401, 403, 500),
      },
    }),
    async (c) => {
      const { contentType, text } = await metricsText(registry);
      return c.text(text, 200, { 'Content-Type': contentType });
    },
  );
}
