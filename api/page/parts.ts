/** Small things that several pages show. */
import { html } from 'hono/html';
import type { SyncState } from '../../client/sync-state.ts';
import type { RunStatus } from '../../model/run.ts';
import type { Html } from './layout.ts';
import { distance, timeText } from './words.ts';

export const NOTHING = '–';

/** The word, and a colour for those who see it. */
export const badge = (word: SyncState | RunStatus): Html => html`<span class="badge ${word}">${word}</span>`;

export function when(time: Date | null, now: Date): Html {
  if (!time) return html`${NOTHING}`;
  return html`<time datetime="${time.toISOString()}" title="${timeText(time)}">${distance(time, now)}</time>`;
}
