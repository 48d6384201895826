import type { MiddlewareHandler } from 'hono';
import { ProblemError } from './problem.ts';

const JSON_TYPE = /^application\/([\w.]+\+)?json\s*(;|$)/i;

/** Refuses a body that says it is something else than JSON; without this it would be taken for none. */
export const requireJson: MiddlewareHandler = async (c, next) => {
  const hasBody =
    c.req.header('transfer-encoding') !== undefined || Number(c.req.header('content-length') ?? 0) > 0;
  if (hasBody && !JSON_TYPE.test(c.req.header('content-type') ?? ''))
    throw new ProblemError(415, 'not_json', 'Send the body as application/json.');
  // Some clients name the type of a body that they do not send.
  if (!hasBody) c.req.raw.headers.delete('content-type');
  await next();
};
