/**
 * What validation makes of one row: either an object of a Braze request, or a rejection.
 */

/** Which request an object travels in. Objects of different kinds never share one. */
export const REQUEST_KINDS = [
  'attributes',
  'events',
  'purchases',
  'delete_external_ids',
  'delete_user_aliases',
  'delete_braze_ids',
  'catalog_upsert',
  'catalog_delete',
] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** One top-level member of a payload, as slices of the original text. */
export interface PayloadMember {
  /** The key, decoded, for comparison. */
  readonly key: string;
  /** `"key":value` exactly as written (without surrounding blanks or commas). */
  readonly text: string;
}

export interface ComposedObject {
  readonly outcome: 'object';
  readonly kind: RequestKind;
  /** Equal for two rows of the same user (or catalog item); orders, merges and collapses rows. */
  readonly identity: string;
  /** The JSON text of this object as Braze receives it (for deletes by external id: a JSON string). */
  readonly text: string;
  /**
   * Present where a later write wholly replaces an earlier one, so that rows of one user may merge:
   * `prefix` is the object's text up to and without its payload members (`{"external_id":"a"`).
   */
  readonly mergeable?: { readonly prefix: string; readonly members: readonly PayloadMember[] };
}

export interface Rejection {
  readonly outcome: 'rejected';
  /** Stable code, see model/rejection.ts. */
  readonly code: string;
  /** One sentence a marketer understands. Names fields and limits, never a value of the row. */
  readonly reason: string;
}

export type Composed = ComposedObject | Rejection;

/** What of a sync's definition the row rules need. */
export interface RowRules {
  readonly dataType: 'attributes' | 'events' | 'purchases' | 'user_deletes' | 'catalog';
  /** "Update existing users only": no new profiles are created. */
  readonly updateExistingOnly: boolean;
  /** Whether the table is read whole in each run: then what adds to a profile would be added again and again. */
  readonly fullRefresh?: boolean;
}
