/** Rate leases of a process that is alone: it has the whole limit. */
import type { RateLeases } from '../../store/rate-leases.ts';

export const loneLeases: Pick<RateLeases, 'renew' | 'release'> = {
  renew: async ({ limit }) => ({ permits: limit, isShared: false }),
  release: async () => undefined,
};
