/** What the control API under `/_sim/` takes and gives; shared by the simulator and by the tests that drive it. */

/** Kinds of objects that are counted apart. */
export const OBJECT_KINDS = [
  'attributes',
  'events',
  'purchases',
  'user_deletes',
  'catalog_items',
  'catalog_deletes',
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** Endpoint families that share one rate limit. */
export const RATE_FAMILIES = [
  'track',
  'users',
  'catalog_items',
  'catalogs',
  'catalog_fields',
  'cdi_list',
  'cdi_status',
  'other',
] as const;
export type RateFamily = (typeof RATE_FAMILIES)[number];

export const PERMISSIONS = [
  'users.track',
  'users.delete',
  'catalogs.get',
  'catalogs.create',
  'catalogs.create_fields',
  'catalogs.add_items',
  'catalogs.replace_items',
  'catalogs.update_items',
  'catalogs.delete_items',
  'cdi.integration_list',
  'cdi.integration_job_status',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** An API key. It belongs to one workspace. */
export interface KeyDefinition {
  readonly key: string;
  /** Default `default`. */
  readonly workspace?: string;
  /** Default `all`. */
  readonly permissions?: 'all' | readonly Permission[];
  /** A revoked key is answered with 401. */
  readonly revoked?: boolean;
}

export interface RateWindow {
  readonly requests: number;
  /** Length in milliseconds; windows are aligned to the clock. */
  readonly windowMs: number;
}

/**
 * How a 429 tells when to come back: three headers with the epoch second of the reset; the same with the seconds
 * that remain; or only `X-Ratelimit-Retry-After`.
 */
export type RetryStyle = 'reset' | 'reset_delta' | 'retry_after';

export interface Limits {
  /** Objects per `/users/track` request in all arrays together, or `legacy`: 75 in each array. */
  readonly trackObjects: number | 'legacy';
  /** Bytes of a request body. */
  readonly bodyBytes: number;
  /** Elements of a simple array attribute; longer ones are dropped without an error. */
  readonly arrayElements: number;
  readonly rates: Readonly<Record<RateFamily, RateWindow>>;
  /** Header style of a 429 and, for the first two, of every answer. */
  readonly retryStyle: RetryStyle;
}

/** A change of limits: what is left out stays. */
export type LimitsChange = Partial<Omit<Limits, 'rates'>> & {
  readonly rates?: Partial<Record<RateFamily, RateWindow>>;
};

export interface FieldDefinition {
  readonly name: string;
  readonly type: FieldType;
}
export const FIELD_TYPES = ['string', 'number', 'boolean', 'time', 'object', 'array', 'geolocation'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface CatalogDefinition {
  readonly name: string;
  /** The first field is `id`, of type string. */
  readonly fields: readonly FieldDefinition[];
}

/** A job of Braze's own Cloud Data Ingestion, newest first in the list of its integration. */
export interface IntegrationJob {
  readonly job_status: string;
  readonly sync_start_time: string;
  readonly sync_finish_time: string;
  readonly last_timestamp_synced: string;
  readonly rows_synced: number;
  readonly rows_failed_with_errors: number;
}

/** An integration of Braze's own Cloud Data Ingestion. What is left out is an empty text. */
export interface IntegrationDefinition {
  /** A UUID. */
  readonly integration_id: string;
  readonly integration_name: string;
  readonly integration_type?: string;
  readonly integration_status?: string;
  readonly contact_emails?: string;
  readonly last_updated_at?: string;
  readonly warehouse_type?: string;
  readonly next_scheduled_run?: string;
  readonly jobs?: readonly IntegrationJob[];
}

/** What the simulator holds of a workspace when it starts; the file behind `--workspaces` is an array of these. */
export interface WorkspaceDefinition {
  readonly name: string;
  readonly keys?: readonly Omit<KeyDefinition, 'workspace'>[];
  readonly limits?: LimitsChange;
  readonly catalogs?: readonly CatalogDefinition[];
}

/** Which requests a rule is for. What is left out matches everything; counting starts when the script is set. */
export interface RuleMatch {
  /** Beginning of the path. */
  readonly path?: string;
  readonly method?: string;
  /** One object of the request (in fast mode: the whole body) holds all of these texts, compared as sent. */
  readonly containsText?: string | readonly string[];
  /** Lets this many matching requests pass first. */
  readonly afterRequests?: number;
  /** Of those that follow, acts on each n-th. */
  readonly everyNth?: number;
  /** Of those, acts with this probability; the sequence of draws is the same after each start. */
  readonly probability?: number;
}

export const ACTION_TYPES = [
  '429',
  '5xx_before',
  '5xx_after',
  'slow',
  'reset_before',
  'reset_after',
  'stall',
  '413',
  '400_anonymous',
  'merged_refused',
  'unplaced_errors',
] as const satisfies readonly Action['type'][];

/** What happens to a request that a rule is for. */
export type Action =
  /** Refused, as by a used-up rate limit; `silent`: without a header that tells for how long. */
  | { readonly type: '429'; readonly style: RetryStyle | 'silent'; readonly seconds: number }
  /** A server error; nothing was applied. */
  | { readonly type: '5xx_before'; readonly status: number }
  /** A server error although the request was applied. */
  | { readonly type: '5xx_after'; readonly status: number }
  /** Applied, and answered later by this many milliseconds. */
  | { readonly type: 'slow'; readonly ms: number }
  /** The connection is reset and nothing was applied. */
  | { readonly type: 'reset_before' }
  /** The connection is reset although the request was applied. */
  | { readonly type: 'reset_after' }
  /** No answer; after this many milliseconds the connection ends. Nothing was applied, unless so asked. */
  | { readonly type: 'stall'; readonly ms: number; readonly applied?: boolean }
  /** Body too large, whatever its size. */
  | { readonly type: '413' }
  /** The whole request is refused, and no object is named. */
  | { readonly type: '400_anonymous' }
  /** The objects that hold the text of the match are refused one by one; the others are applied. */
  | { readonly type: 'merged_refused' }
  /** Applied whole, and answered with these `errors`, of which none need name an object. */
  | { readonly type: 'unplaced_errors'; readonly errors: readonly unknown[] };

export interface Rule {
  readonly match?: RuleMatch;
  /** Acts at most this often. Default: no end. */
  readonly times?: number;
  readonly action: Action;
}

/** One request to the public API, in the order of arrival. */
export interface RecordedRequest {
  /** Position in the order of arrival, from 1. */
  readonly seq: number;
  readonly workspace: string;
  /** Port of the client's end of the connection that brought it. */
  readonly connection: number;
  /** Arrival and answer, milliseconds since the epoch. `answeredAt` is 0 while in flight. */
  readonly arrivedAt: number;
  answeredAt: number;
  readonly method: string;
  readonly path: string;
  /** HTTP status, or 0 where the connection ended without an answer. */
  status: number;
  /** How many objects the request holds. */
  readonly objects: number;
  /** Identity of each object, in the order sent; empty in fast mode. */
  readonly identities: readonly string[];
  /** Raw text of each object, in the order sent; empty in fast mode. */
  readonly texts: readonly string[];
  /** Objects that were accepted: a silent non-application counts as accepted, as it does for the sender. */
  applied: number;
  /** What was in flight already when the request arrived, such as `events external_id:ann`. */
  readonly overlapping: readonly string[];
}

export interface SimulatorState {
  /** Requests by `METHOD path` and by status; `0` counts connections that ended without an answer. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Requests with distinct path and body: fewer than all requests where some were repeated. */
  readonly uniqueRequests: number;
  /** Objects that came in, and those that were accepted. */
  readonly received: Readonly<Record<ObjectKind, number>>;
  readonly applied: Readonly<Record<ObjectKind, number>>;
  readonly violations: {
    /** Objects of a user (or catalog item) that arrived while another one of the same kind was unanswered. */
    readonly inFlight: number;
    /** Second and further attributes objects of one user within one request. */
    readonly withinRequest: number;
  };
  /** What was accepted and yet not applied, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What is held now. */
  readonly profiles: number;
  readonly events: number;
  readonly purchases: number;
  readonly deletes: number;
  readonly catalogItems: Readonly<Record<string, number>>;
}

export interface UserAlias {
  readonly alias_name: string;
  readonly alias_label: string;
}

/** A profile; every value is JSON text exactly as it was sent. */
export interface ProfileView {
  readonly external_id: string | null;
  readonly user_aliases: readonly UserAlias[];
  readonly braze_id: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  /** State by id of the group. */
  readonly subscription_groups: Readonly<Record<string, string>>;
}

/** A profile to begin with. `attributes` holds plain values. */
export interface ProfileSeed {
  readonly external_id?: string;
  readonly user_aliases?: readonly UserAlias[];
  readonly braze_id?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** An event or a purchase that was applied. */
export interface StoredObject {
  /** Who it was sent for, for example `external_id:ann`. */
  readonly identity: string;
  /** `seq` of the request that brought it. */
  readonly request: number;
  /** The object exactly as it was sent. */
  readonly text: string;
}

/** An accepted delete. */
export interface StoredDelete {
  readonly identity: string;
  readonly request: number;
  /** Whether there was such a profile. */
  readonly found: boolean;
}

/** A catalog item; every value is JSON text exactly as it was sent. */
export interface CatalogItemView {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Latency {
  readonly ms: number;
  /** Up to this much is added or taken away. */
  readonly jitterMs?: number;
}
