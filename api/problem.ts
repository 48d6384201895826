/** Problem documents (RFC 9457): what is wrong with a request, for programs and people. */
import { STATUS_CODES } from 'node:http';
import { z } from '@hono/zod-openapi';

export interface FieldError {
  /** Where: `query.limit`, `body.note`, `path.run`. */
  readonly field: string;
  readonly message: string;
}

export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string().describe('The status in words.'),
    status: z.int(),
    code: z.string().describe('What happened, for programs. Stable.'),
    detail: z.string().describe('What happened and what to do, for people.'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('The fields of the request that are wrong.'),
  })
  .openapi('Problem');

export type Problem = z.infer<typeof problemSchema>;

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 429 | 500 | 503;

/** Thrown by whatever refuses a request; becomes the answer in the form that the address calls for. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: ProblemStatus;
  readonly code: string;
  readonly errors: readonly FieldError[] | undefined;

  constructor(status: ProblemStatus, code: string, detail: string, errors?: readonly FieldError[]) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export function problemOf({ status, code, message, errors }: ProblemError): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? '',
    status,
    code,
    detail: message,
    ...(errors ? { errors: [...errors] } : {}),
  };
}

const WORDS: Partial<Record<ProblemStatus, string>> = {
  400: 'The request is wrong; `errors` names the fields.',
  401: 'No valid key was presented.',
  403: 'The key lacks the permission.',
  404: 'There is no such sync or run.',
  409: 'It is not possible at present: another run is under way, or the sync is not in the state for it.',
  413: 'The body is too large.',
  415: 'The body is no JSON.',
  503: 'Temporal, the ledger or a worker does not answer.',
};

/** Descriptions of the problems of a route, for the OpenAPI document. */
export function problems(...statuses: readonly ProblemStatus[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: WORDS[status] ?? '',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );
}
