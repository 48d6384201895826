import type { Limits, LimitsChange } from './control-types.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The published limits. 4 MB is read as the smaller, decimal number, so that nobody relies on the larger one. */
export const DEFAULT_LIMITS: Limits = {
  trackObjects: 75,
  bodyBytes: 4_000_000,
  arrayElements: 25,
  rates: {
    track: { requests: 3000, windowMs: 3 * SECOND },
    users: { requests: 20_000, windowMs: MINUTE },
    catalog_items: { requests: 16_000, windowMs: MINUTE },
    catalogs: { requests: 50, windowMs: MINUTE },
    catalog_fields: { requests: 50, windowMs: MINUTE },
    cdi_list: { requests: 50, windowMs: MINUTE },
    cdi_status: { requests: 100, windowMs: MINUTE },
    other: { requests: 250_000, windowMs: 60 * MINUTE },
  },
  retryStyle: 'reset',
};

/** The limits with a change applied. */
export function changedLimits(limits: Limits, change: LimitsChange): Limits {
  return { ...limits, ...change, rates: { ...limits.rates, ...change.rates } };
}
