/** Purchases: one per row. Source: the reference, section 1.6. */
import type { Composed, RowRules } from '../composed-object.ts';
import { valueText } from '../json-text.ts';
import type { SourceRow } from '../row.ts';
import { isLongerThan } from './character-limit.ts';
import { CURRENCIES } from './currencies.ts';
import { type FieldRule, composeOccurrence, textOf } from './occurrence.ts';

const MAX_PRODUCT_ID_CHARACTERS = 255;
const QUANTITY = /^(?:[1-9]\d?|100)$/;

export const PURCHASE_FIELDS: Readonly<Record<string, FieldRule>> = {
  product_id: (product) => {
    if (product?.kind !== 'string') return 'product_id_invalid';
    const id = textOf(product);
    return id === '' || isLongerThan(id, MAX_PRODUCT_ID_CHARACTERS) ? 'product_id_invalid' : undefined;
  },
  currency: (currency) =>
    currency?.kind === 'string' && CURRENCIES.has(textOf(currency)) ? undefined : 'currency_invalid',
  price: (price) => (price?.kind === 'number' ? undefined : 'price_invalid'),
  /** Optional; null counts as left out, which is 1. */
  quantity: (quantity) => {
    if (!quantity || quantity.kind === 'null') return undefined;
    return quantity.kind === 'number' && QUANTITY.test(valueText(quantity)) ? undefined : 'quantity_invalid';
  },
};

export function composePurchase(row: SourceRow, rules: RowRules): Composed {
  return composeOccurrence('purchases', row, rules, PURCHASE_FIELDS);
}
