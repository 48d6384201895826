import { catalogEndpoints } from './catalogs.ts';
import { catalogItemEndpoints } from './catalog-items.ts';
import { cdiEndpoints } from './cdi.ts';
import type { Endpoint } from './endpoint.ts';
import { trackEndpoint } from './track.ts';
import { usersDeleteEndpoint } from './users-delete.ts';

const ENDPOINTS: readonly Endpoint[] = [
  trackEndpoint,
  usersDeleteEndpoint,
  ...catalogItemEndpoints,
  ...catalogEndpoints,
  ...cdiEndpoints,
];

export interface Route {
  readonly endpoint: Endpoint;
  /** First group of the path: the name of a catalog, or empty. */
  readonly name: string;
}

/** The endpoint for a call, or undefined where Braze has no such address. */
export function findRoute(method: string, path: string): Route | undefined {
  for (const endpoint of ENDPOINTS) {
    const match = endpoint.method === method ? endpoint.path.exec(path) : null;
    if (match) return { endpoint, name: match[1] ?? '' };
  }
  return undefined;
}
