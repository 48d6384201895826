/** What became of a request that failed: any error as a problem, without a word that it should not say. */
import { HTTPException } from 'hono/http-exception';
import { EXIT } from '../client/command-error.ts';
import { explained } from '../client/exit-with.ts';
import { type FieldError, ProblemError, type ProblemStatus } from './problem.ts';

interface Refusal {
  readonly status: ProblemStatus;
  readonly code: string;
}

/** What the exit codes of the command line are to the API. */
const OF_EXIT: Readonly<Record<number, Refusal>> = {
  [EXIT.failed]: { status: 409, code: 'not_possible' },
  [EXIT.usage]: { status: 400, code: 'invalid_request' },
  [EXIT.busy]: { status: 409, code: 'job_in_progress' },
  [EXIT.notFound]: { status: 404, code: 'not_found' },
  [EXIT.unreachable]: { status: 503, code: 'unavailable' },
};

const OF_STATUS: Readonly<Record<number, Refusal & { readonly detail: string }>> = {
  400: { status: 400, code: 'invalid_request', detail: 'The body is no valid JSON.' },
  413: { status: 413, code: 'body_too_large', detail: 'The body is larger than 64 KB.' },
};

/** @returns the problem, and whether it is an error of ours that belongs into the log */
export function refusalOf(error: unknown): { readonly problem: ProblemError; readonly isOurs: boolean } {
  if (error instanceof ProblemError) return { problem: error, isOurs: false };
  if (error instanceof HTTPException) {
    const known = OF_STATUS[error.status] ?? OF_STATUS[400];
    if (known) return { problem: new ProblemError(known.status, known.code, known.detail), isOurs: false };
  }
  const why = explained(error);
  const refusal = why && OF_EXIT[why.code];
  if (why && refusal)
    return { problem: new ProblemError(refusal.status, refusal.code, why.message), isOurs: false };
  return {
    problem: new ProblemError(500, 'internal', 'Something went wrong here; the log of the API says more.'),
    isOurs: true,
  };
}

const PLACES: Readonly<Record<string, string>> = { param: 'path', json: 'body' };

/** @param target where the validator looked: `query`, `param`, `json` */
export function invalidRequest(
  target: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): ProblemError {
  const place = PLACES[target] ?? target;
  const errors: FieldError[] = issues.map(({ path, message }) => ({
    field: [place, ...path.map(String)].join('.'),
    message,
  }));
  return new ProblemError(
    400,
    'invalid_request',
    `The request is wrong: ${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}.`,
    errors,
  );
}
