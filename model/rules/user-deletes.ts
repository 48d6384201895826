/** User deletes: the row is the delete. Source: the reference, sections 1.4 and 4.4. */
import type { Composed, RequestKind } from '../composed-object.ts';
import type { SourceRow } from '../row.ts';
import { type IdentifierKind, identifyPrimary } from './identifiers.ts';

/** One request holds one kind of identifier, so each has a kind of request of its own. */
const KINDS: Readonly<Partial<Record<IdentifierKind, RequestKind>>> = {
  external_id: 'delete_external_ids',
  user_alias: 'delete_user_aliases',
  braze_id: 'delete_braze_ids',
};

export function composeUserDelete(row: SourceRow): Composed {
  const user = identifyPrimary(row);
  if (user.outcome === 'rejected') return user;
  const kind = KINDS[user.kind];
  if (!kind) throw new RangeError(`There is no delete by ${user.kind}.`);
  return { outcome: 'object', kind, identity: user.identity, text: user.json };
}
