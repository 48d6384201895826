/** When a number comes near the ceiling that was set for it. Pure. */

/** Early enough to raise a ceiling before it is met. */
const NEAR_SHARE = 0.8;

/** @param ceiling undefined, or 0, where there is none */
export function isNear(value: number, ceiling: number | undefined): boolean {
  return ceiling !== undefined && ceiling > 0 && value >= ceiling * NEAR_SHARE;
}
