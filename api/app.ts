/** The HTTP API and the status page, as one application. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { addBrazeRoutes } from './braze/routes.ts';
import type { ApiDependencies, ApiEnvironment } from './environment.ts';
import { addHealthRoutes } from './health.ts';
import { addMetricsRoute, apiRegistry, measureRequests } from './metrics.ts';
import { openApiDocument } from './openapi-document.ts';
import { errorPage } from './page/error-page.ts';
import { addStatusPage } from './page/routes.ts';
import { ProblemError, problemOf } from './problem.ts';
import { invalidRequest, refusalOf } from './refusal.ts';
import { logFailure, logRequests } from './request-log.ts';
import { secureHeaders } from './secure-headers.ts';
import { addReadRoutes } from './v1/read-routes.ts';
import { addWriteRoutes } from './v1/write-routes.ts';

/** No request has more to say. */
const LARGEST_BODY = 64 * 1_024;

export function createApi(dependencies: ApiDependencies): OpenAPIHono<ApiEnvironment> {
  const app = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.target, result.error.issues);
    },
  });
  const registry = apiRegistry(dependencies);
  app.use(measureRequests(registry));
  app.use(logRequests(dependencies.log));
  app.use(secureHeaders(dependencies));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(', ');
        const refused = new ProblemError(405, 'method_not_allowed', `This address takes ${allow}.`);
        return refuse(c, refused, { Allow: allow });
      },
    }),
  );
  app.use(bodyLimit({ maxSize: LARGEST_BODY }));
  app.onError((error, c) => {
    const { problem, isOurs } = refusalOf(error);
    if (isOurs) logFailure(dependencies.log, c, error);
    return refuse(c, problem);
  });
  app.notFound((c) => refuse(c, new ProblemError(404, 'not_found', 'There is nothing at this address.')));

  addHealthRoutes(app, dependencies);
  addMetricsRoute(app, dependencies, registry);
  addBrazeRoutes(app, dependencies);
  addReadRoutes(app, dependencies);
  addWriteRoutes(app, dependencies);
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of `cdi key add`.',
  });
  const document = JSON.stringify(openApiDocument(app));
  app.get('/openapi.json', (c) => c.body(document, 200, { 'Content-Type': 'application/json' }));
  addStatusPage(app, dependencies);
  return app;
}

/** The answer in the form that the address calls for: Braze's, a problem document, or a page. */
function refuse(
  c: Context,
  problem: ProblemError,
  headers: Record<string, string> = {},
): Response | Promise<Response> {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (problem.status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (c.req.path.startsWith('/cdi/')) return c.json({ message: problem.message }, problem.status);
  if (/^\/(v1|healthz|readyz|metrics|openapi\.json)(\/|$)/.test(c.req.path))
    return c.body(JSON.stringify(problemOf(problem)), problem.status, {
      'Content-Type': 'application/problem+json',
    });
  return c.html(errorPage(problem), problem.status);
}
