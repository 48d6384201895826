/** When a credential is about to expire. Pure. */

const DAY_MS = 86_400_000;
/** Time to get a new secret from whoever hands it out. */
const TOLD_DAYS_BEFORE = 14;

/**
 * @param expires the day from which the secret no longer works, as `2027-01-31`, in UTC
 * @returns days that are left, 0 once it has expired; undefined while there are plenty
 */
export function daysToExpiry(expires: string | undefined, now: Date): number | undefined {
  if (expires === undefined) return undefined;
  const days = Math.ceil((Date.parse(`${expires}T00:00:00Z`) - now.getTime()) / DAY_MS);
  return days <= TOLD_DAYS_BEFORE ? Math.max(0, days) : undefined;
}
