/**
 * Every way a run can fail, in one table. Retry policy, run status, alert text and the runbook in
 * docs/operations.md all come from it.
 */
import type { RunOutcome } from './run.ts';

/** Who has to do something about an error. */
export const AUDIENCES = ['data_team', 'braze_admin', 'operator', 'nobody'] as const;
export type Audience = (typeof AUDIENCES)[number];

/** Who that is, in words. */
export const AUDIENCE_WORDS: Readonly<Record<Audience, string>> = {
  data_team: 'the data team',
  braze_admin: 'the Braze administrator',
  operator: 'the operator of this installation',
  nobody: 'nobody',
};

export interface ErrorRule {
  /** How a run ends that this error stops. */
  readonly outcome: Exclude<RunOutcome, 'success' | 'partial'>;
  /** Whether the same activity may succeed when tried again. */
  readonly retryable: boolean;
  readonly audience: Audience;
  /** What happened, in words for an alert. */
  readonly summary: string;
  /** What to do about it. */
  readonly hint: string;
}

const config = (audience: Audience, summary: string, hint: string): ErrorRule => ({
  outcome: 'config_error',
  retryable: false,
  audience,
  summary,
  hint,
});

const transient = (audience: Audience, summary: string, hint: string): ErrorRule => ({
  outcome: 'error',
  retryable: true,
  audience,
  summary,
  hint,
});

const final = (audience: Audience, summary: string, hint: string): ErrorRule => ({
  outcome: 'error',
  retryable: false,
  audience,
  summary,
  hint,
});

export const ERROR_RULES = {
  // The warehouse
  credentials_invalid: config(
    'data_team',
    'The warehouse refused the credential.',
    'Check user and secret in the warehouse, update the credential file and run `cdi apply`.',
  ),
  permission_denied: config(
    'data_team',
    'The warehouse user may not read the source.',
    'Grant USAGE on the schema and SELECT on the table or view to the user of the credential.',
  ),
  table_missing: config(
    'data_team',
    'The source table or view does not exist.',
    'Create the table or view, or correct `source` in the sync file and run `cdi apply`.',
  ),
  column_missing: config(
    'data_team',
    'The source lacks a required column.',
    'Add the column to the table or view; names are matched without regard to case.',
  ),
  column_forbidden: config(
    'data_team',
    'The source has a column that this data type forbids.',
    'Remove the column, or read through a view that leaves it out.',
  ),
  column_type: config(
    'data_team',
    'A column of the source has a type that cannot be used.',
    'Change the column to the type that the set-up page names, or cast it in a view.',
  ),
  host_unknown: config(
    'data_team',
    'The name of the warehouse host cannot be resolved.',
    'Correct the host in the credential file; check the DNS of this machine.',
  ),
  tls_failed: config(
    'data_team',
    'No trusted connection to the warehouse is possible.',
    'Set `tls` in the credential as the warehouse needs it, and `ca` to the issuer of its certificate; for an SSH tunnel, `ssh.host_key` to the fingerprint of its host.',
  ),
  query_refused: config(
    'data_team',
    'The warehouse refused the query.',
    'Run `cdi test` for the sync; if source and grants are right, report the code to the maintainers.',
  ),
  warehouse_unreachable: transient(
    'data_team',
    'The warehouse cannot be reached.',
    'Check that it runs, and that its network rules let the addresses of this installation in.',
  ),
  warehouse_busy: transient(
    'data_team',
    'The warehouse lacks resources or is suspended.',
    'Resume or resize the warehouse, or move the schedule to a quieter time.',
  ),
  query_timeout: transient(
    'data_team',
    'The query did not finish in time.',
    'Sort or partition the table by UPDATED_AT, give the warehouse more resources, or raise its timeout.',
  ),
  // Braze
  braze_unauthorized: config(
    'braze_admin',
    'Braze refused the API key.',
    'Check the key and that the endpoint is the one of its instance; both are in the workspace file.',
  ),
  braze_forbidden: config(
    'braze_admin',
    'The API key lacks a permission.',
    'Give the key the permission of this data type (users.track, users.delete, catalogs.replace_items, catalogs.delete_items).',
  ),
  braze_not_found: config(
    'braze_admin',
    'Braze does not know the address.',
    'Check the endpoint in the workspace file.',
  ),
  endpoint_forbidden: config(
    'operator',
    'The endpoint of the workspace does not lead to a public address.',
    'Correct the endpoint in the workspace file; where such an address is meant, put it into CDI_ALLOWED_ADDRESSES of the worker.',
  ),
  catalog_missing: config(
    'braze_admin',
    'The catalog does not exist in Braze.',
    'Create the catalog with its fields in Braze, or correct `catalog` in the sync file.',
  ),
  catalog_full: config(
    'braze_admin',
    'The catalog storage tier is full.',
    'Free space or raise the tier in Braze.',
  ),
  braze_unavailable: transient(
    'nobody',
    'Braze does not answer or answers with server errors.',
    'Nothing: the run goes on when Braze is back. See the status page of Braze if it lasts.',
  ),
  braze_rate_limited: transient(
    'braze_admin',
    'The rate limit of the workspace is used up.',
    'Nothing at first: the run waits. Lower `rate_share`, or ask Braze for a higher limit if it lasts.',
  ),
  // This installation
  ledger_unavailable: transient(
    'operator',
    'The ledger database cannot be reached.',
    'Check PostgreSQL and CDI_LEDGER_URL; runs go on by themselves when it is back.',
  ),
  staging_full: transient(
    'operator',
    'Staging has no space left.',
    'Free space under the staging folder, or lower `page_size`; the run goes on by itself.',
  ),
  staging_unavailable: transient(
    'operator',
    'The staging storage cannot be reached, or refuses this installation.',
    'Check that the storage runs, the bucket exists, and the credentials may read, write, list and delete there; runs go on by themselves then.',
  ),
  staging_lost: final(
    'operator',
    'A staged page is gone or damaged.',
    'Nothing: the segment is extracted again. Keep other programs out of the staging folder.',
  ),
  staging_not_shared: final(
    'operator',
    'Two workers would stage in different local folders.',
    'Run one worker, or give all of them the same staging URL.',
  ),
  key_missing: config(
    'operator',
    'The key that encrypted a secret is not at hand.',
    'Put the former key back into the key file; keys stay listed there until every secret is encrypted again.',
  ),
  definition_missing: config(
    'operator',
    'The ledger does not know this sync, or one of its parts.',
    'Run `cdi apply` with its files.',
  ),
  invalid_definition: config(
    'operator',
    'The definition is not valid.',
    'Correct the file and run `cdi apply`.',
  ),
  limit_exceeded: {
    outcome: 'limit_exceeded',
    retryable: false,
    audience: 'data_team',
    summary: 'The run has more new rows than it may send.',
    hint: 'Check the table. If so many rows are meant, run the sync again and approve it, raise the guard, or load them in portions.',
  },
  run_rejected: {
    outcome: 'cancelled',
    retryable: false,
    audience: 'data_team',
    summary: 'The run was held by a guard, and rejected.',
    hint: 'Correct the table, or raise the guard, then run `cdi resume`; the schedule is paused until then.',
  },
  mail_unavailable: transient(
    'operator',
    'The mail server cannot be reached, or refuses the mail.',
    'Check CDI_SMTP_URL (host, port, user, password, smtp:// or smtps://) and the sender; runs go on without mail.',
  ),
  webhook_unavailable: transient(
    'operator',
    'A webhook cannot be reached, or refuses the message.',
    'Check its URL in the workspace file, and what it answers. It must not redirect; an address that is not public must be in CDI_ALLOWED_ADDRESSES. Runs go on without it.',
  ),
  // Order among runs and attempts
  superseded: final(
    'nobody',
    'Another run of this sync has taken over.',
    'Nothing: the run that took over does the work.',
  ),
  lease_lost: transient(
    'nobody',
    'Another attempt holds the upload lease.',
    'Nothing: the upload goes on when the lease ends.',
  ),
  cancelled: {
    outcome: 'cancelled',
    retryable: false,
    audience: 'nobody',
    summary: 'The run was cancelled.',
    hint: 'Nothing: what was delivered is on record, and the next run sends the rest.',
  },
  ended_outside: {
    outcome: 'cancelled',
    retryable: false,
    audience: 'nobody',
    summary: 'The run was terminated or reset from the Temporal side.',
    hint: 'Nothing: what was delivered is on record, and the next run sends the rest.',
  },
  internal: final(
    'operator',
    'An unexpected error stopped the run.',
    'Look at the worker log for this run, and report it to the maintainers.',
  ),
} as const satisfies Record<string, ErrorRule>;

export type ErrorType = keyof typeof ERROR_RULES;
export const ERROR_TYPES = Object.keys(ERROR_RULES) as ErrorType[];

/** The types that no retry mends: a failure of such a type is marked non-retryable where it is cast. */
export const FINAL_ERROR_TYPES = ERROR_TYPES.filter((type) => !ERROR_RULES[type].retryable);

/** Who must act on an error, and what there is to do: what follows its message in the Temporal UI. */
export function adviceOn(type: ErrorType): string {
  const { audience, hint } = ERROR_RULES[type];
  return `Who must act: ${AUDIENCE_WORDS[audience]}. What to do: ${hint}`;
}

export function isErrorType(value: unknown): value is ErrorType {
  return typeof value === 'string' && Object.hasOwn(ERROR_RULES, value);
}

/**
 * The one error class of the pipeline. Its message says what failed and where, never a row's value, an
 * identifier of a person, or a secret: it is stored in clear by Temporal.
 */
export class CdiError extends Error {
  readonly type: ErrorType;
  /** The vendor's own code (SQLSTATE, HTTP status), kept for support. */
  readonly vendorCode: string | undefined;
  /** Time to wait before the next attempt, in milliseconds, where the other side asked for one. */
  readonly retryAfterMs: number | undefined;

  constructor(
    type: ErrorType,
    message: string,
    options: { cause?: unknown; vendorCode?: string | undefined; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CdiError';
    this.type = type;
    this.vendorCode = options.vendorCode;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface Classified extends ErrorRule {
  readonly type: ErrorType;
  /** Safe to store and to show: holds no value of a row and no secret. */
  readonly message: string;
}

/**
 * Decides what an error means. Errors that were not made by the pipeline are `internal`; their own messages
 * may hold values of rows and are left out.
 *
 * @param error anything that was thrown
 */
export function classify(error: unknown): Classified {
  const known = findKnown(error);
  if (known) return { ...ERROR_RULES[known.type], type: known.type, message: known.message };
  const name = error instanceof Error ? error.name : typeof error;
  return {
    ...ERROR_RULES.internal,
    type: 'internal',
    message: `Unexpected ${name}; the worker log has the details.`,
  };
}

/** Finds the pipeline's own error, or a Temporal failure that carries one of its types, along the causes. */
function findKnown(error: unknown): { type: ErrorType; message: string } | undefined {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 10;
    current = current.cause, depth += 1
  ) {
    const type: unknown = Reflect.get(current, 'type');
    if (isErrorType(type)) return { type, message: current.message };
  }
  return undefined;
}
