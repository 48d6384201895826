/** What one extraction reads. Times are UPDATED_AT texts. */
import type { HashShare } from '../warehouses/warehouse.ts';

export type Stretch =
  /** On from an instant, up to the run's upper bound. */
  | { readonly kind: 'range'; readonly from: string | null; readonly inclusive: boolean }
  /** One share of an instant (`FULL_REFRESH`: of the whole table); `isLast` where it completes the table. */
  | { readonly kind: 'part'; readonly instant: string; readonly share: HashShare; readonly isLast: boolean }
  /** Rows before the watermark that turned up late. */
  | { readonly kind: 'late'; readonly after: string; readonly before: string };
