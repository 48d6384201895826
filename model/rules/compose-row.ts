/** The row rules: what Braze is to receive for one row, or why it cannot be sent. Pure. */
import type { Composed, RowRules } from '../composed-object.ts';
import type { SourceRow } from '../row.ts';
import { composeAttributes } from './attributes.ts';
import { composeCatalogItem } from './catalog.ts';
import { composeEvent } from './events.ts';
import { composePurchase } from './purchases.ts';
import { composeUserDelete } from './user-deletes.ts';

/**
 * A row is rejected where Braze would refuse it, or would take it and drop it, or a part of it, without a word.
 * Everything else is passed on as it was written.
 */
export function composeRow(row: SourceRow, rules: RowRules): Composed {
  switch (rules.dataType) {
    case 'attributes':
      return composeAttributes(row, rules);
    case 'events':
      return composeEvent(row, rules);
    case 'purchases':
      return composePurchase(row, rules);
    case 'user_deletes':
      return composeUserDelete(row);
    case 'catalog':
      return composeCatalogItem(row);
  }
}
