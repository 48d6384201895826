/** The fast mode: objects are counted, not parsed, and nothing is kept. */
import { countElements } from './count-elements.ts';
import type { ObjectKind } from './control-types.ts';
import { refusal } from './endpoint.ts';
import type { Answer, Counts } from './endpoint.ts';
import type { Route } from './routes.ts';
import type { Workspace } from './workspace.ts';

const MAX_IDS_OR_ITEMS = 50;

/** What the arrays of a body hold; arrays with other names are ignored. */
export function countObjects({ endpoint }: Route, body: Buffer): Counts {
  const counts: Counts = {};
  for (const [array, count] of countElements(body)) {
    const kind = kindOf(array, endpoint.method);
    if (kind) counts[kind] = (counts[kind] ?? 0) + count;
  }
  return counts;
}

/**
 * Accepts every object.
 *
 * @throws RefusedRequest where a request holds none or too many
 */
export function acceptAll({ endpoint }: Route, counts: Counts, workspace: Workspace): Answer {
  const sizes = Object.values(counts);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (endpoint.method === 'GET') return { status: 200, body: { message: 'success' } };
  const { trackObjects } = workspace.limits;
  const isTrack = endpoint.family === 'track';
  const largest = isTrack && trackObjects === 'legacy' ? Math.max(...sizes) : total;
  const most = !isTrack ? MAX_IDS_OR_ITEMS : trackObjects === 'legacy' ? 75 : trackObjects;
  if (total === 0 || largest > most) throw refusal(400, 'Max Input Length Exceeded');
  if (endpoint.family === 'users') return { status: 201, body: { deleted: total }, applied: counts };
  if (!isTrack) return { status: 202, body: { message: 'success' }, applied: counts };
  const processed = Object.entries(counts).map(([kind, count]) => [`${kind}_processed`, count] as const);
  return { status: 201, body: { message: 'success', ...Object.fromEntries(processed) }, applied: counts };
}

function kindOf(array: string, method: string): ObjectKind | undefined {
  switch (array) {
    case 'attributes':
    case 'events':
    case 'purchases':
      return array;
    case 'external_ids':
    case 'user_aliases':
    case 'braze_ids':
    case 'email_addresses':
    case 'phone_numbers':
      return 'user_deletes';
    case 'items':
      return method === 'DELETE' ? 'catalog_deletes' : 'catalog_items';
    default:
      return undefined;
  }
}
