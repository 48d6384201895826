/** Errors as BigQuery's API writes them. Source: error table of BigQuery, and its jobs that failed. */

const STATUS: Readonly<Record<string, number>> = {
  accessDenied: 403,
  authError: 401,
  backendError: 503,
  badRequest: 400,
  billingNotEnabled: 403,
  bytesBilledLimitExceeded: 400,
  duplicate: 409,
  invalid: 400,
  invalidQuery: 400,
  notFound: 404,
  notImplemented: 501,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  stopped: 499,
};

export class GoogleError extends Error {
  readonly reason: string;
  readonly status: number;

  constructor(reason: string, message: string, status?: number) {
    super(message);
    this.reason = reason;
    const known = status ?? STATUS[reason];
    if (known === undefined) throw new Error(`No HTTP status is known for ${reason}.`);
    this.status = known;
  }

  /** Within the state of a job. */
  get proto(): { reason: string; message: string } {
    return { reason: this.reason, message: this.message };
  }

  /** As the body of an answer. */
  get body(): object {
    const { status: code, message, reason } = this;
    return { error: { code, message, errors: [{ message, domain: 'global', reason }] } };
  }
}
