/** What a worker finds out about its own surroundings, for `cdi doctor`. Holds no secret, no row, no identifier. */

export interface WorkerInspection {
  readonly node: string;
  readonly version: string;
  /** Ids of the encryption keys, newest first. */
  readonly keys: readonly string[];
  /** The worker's clock ahead of the ledger's, in milliseconds. */
  readonly ledgerClockMs: number;
  readonly staging: {
    readonly writable: boolean;
    /** Undefined where the store does not tell. */
    readonly freeBytes: number | undefined;
  };
  readonly smtp: 'none' | 'reachable' | { readonly problem: string };
  readonly workspaces: readonly WorkspaceInspection[];
  /** Addresses for allow-lists. */
  readonly egress: readonly string[];
}

export interface WorkspaceInspection {
  readonly name: string;
  readonly endpoint: string;
  /** The worker's clock ahead of Braze's, in milliseconds, to the second; undefined where Braze did not answer. */
  readonly clockMs: number | undefined;
  readonly probes: readonly PermissionProbe[];
}

export const PERMISSION_ANSWERS = [
  'granted',
  'key_refused',
  'missing',
  'not_found',
  'no_answer',
  'unclear',
] as const;
export type PermissionAnswer = (typeof PERMISSION_ANSWERS)[number];

export interface PermissionProbe {
  readonly permission: string;
  /** The catalog that was asked about. */
  readonly catalog: string | undefined;
  readonly answer: PermissionAnswer;
  /** HTTP status; undefined without an answer. */
  readonly status: number | undefined;
}

/**
 * What Braze means by its status for a request that names nobody and holds nothing: it refuses such a request, but not before
 * it has looked at the key.
 */
export function permissionAnswer(status: number): PermissionAnswer {
  if (status === 401) return 'key_refused';
  if (status === 403) return 'missing';
  if (status === 404) return 'not_found';
  return status === 400 || (status >= 200 && status < 300) ? 'granted' : 'unclear';
}
