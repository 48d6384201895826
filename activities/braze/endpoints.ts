/** Which Braze endpoint takes which kind of object, and how its body is wrapped. Source: Braze REST API pages. */
import type { RequestKind } from '../../model/composed-object.ts';

/** Endpoints that share one rate limit. */
export type EndpointFamily = 'track' | 'user_delete' | 'catalog_items';

export interface Endpoint {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly family: EndpointFamily;
  /** What stands before and after the objects of a body, which are joined by commas. */
  readonly open: string;
  readonly close: string;
}

const track = (array: string): Endpoint => ({
  method: 'POST',
  path: '/users/track',
  family: 'track',
  open: `{"${array}":[`,
  close: ']}',
});

const deletion = (field: string): Endpoint => ({
  method: 'POST',
  path: '/users/delete',
  family: 'user_delete',
  open: `{"${field}":[`,
  close: ']}',
});

const items = (method: 'PUT' | 'DELETE', catalog: string): Endpoint => ({
  method,
  path: `/catalogs/${encodeURIComponent(catalog)}/items`,
  family: 'catalog_items',
  open: '{"items":[',
  close: ']}',
});

/** @param catalog name of the catalog, for catalog kinds */
export function endpointOf(kind: RequestKind, catalog: string): Endpoint {
  switch (kind) {
    case 'attributes':
    case 'events':
    case 'purchases':
      return track(kind);
    case 'delete_external_ids':
      return deletion('external_ids');
    case 'delete_user_aliases':
      return deletion('user_aliases');
    case 'delete_braze_ids':
      return deletion('braze_ids');
    case 'catalog_upsert':
      return items('PUT', catalog);
    case 'catalog_delete':
      return items('DELETE', catalog);
  }
}

/** Requests per window that Braze allows where a workspace does not say otherwise. */
export const DEFAULT_LIMITS: Record<
  EndpointFamily,
  { readonly requests: number; readonly windowMs: number }
> = {
  track: { requests: 3_000, windowMs: 3_000 },
  user_delete: { requests: 20_000, windowMs: 60_000 },
  catalog_items: { requests: 16_000, windowMs: 60_000 },
};

/** Objects per delete or catalog request. */
export const ITEMS_PER_REQUEST = 50;
/** Bytes per request: Braze refuses bodies above 4 MB; what is left covers headers and the wrapping. */
export const BODY_BYTES = 3_900_000;
