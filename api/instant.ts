import { isoInstant } from '../model/instant.ts';

/** @returns how far a time lies behind, in seconds; null where the text is no time */
export function secondsBehind(text: string | null, now: Date): number | null {
  const iso = isoInstant(text);
  return iso === '' ? null : Math.round((now.getTime() - new Date(iso).getTime()) / 1_000);
}
