/** Every sync at a glance. */
import { html } from 'hono/html';
import { rowsPerSecond } from '../../client/commands/describe-run.ts';
import { scheduleText, syncState } from '../../client/sync-state.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { secondsBehind } from '../instant.ts';
import { nextRun } from '../next-run.ts';
import { type Day, chart } from './chart.ts';
import { type Frame, type Html, layout } from './layout.ts';
import { badge, NOTHING, when } from './parts.ts';
import { duration, number } from './words.ts';

export interface Overview {
  readonly syncs: readonly SyncOverview[];
  /** How many there are on all pages. */
  readonly total: number;
  readonly days: (sync: string) => readonly Day[];
  /** Address of the next page; null on the last. */
  readonly next: string | null;
  readonly now: Date;
}

export function overviewPage(frame: Omit<Frame, 'title'>, overview: Overview): Html {
  const { syncs, total, next } = overview;
  return layout(
    { ...frame, title: 'Syncs' },
    html`<h1>Syncs</h1>
      ${refreshLink('/', frame.refresh)}
      ${
        total === 0
          ? html`<p>There is no sync yet. <code>cdi apply DIR</code> makes those of a folder.</p>`
          : html`<table class="cards">
              <caption>
                ${number(total)} ${total === 1 ? 'sync' : 'syncs'}; times count from now
              </caption>
              <thead>
                <tr>
                  <th scope="col">Sync</th>
                  <th scope="col">State</th>
                  <th scope="col">Last run</th>
                  <th scope="col">Rows/s</th>
                  <th scope="col">Behind</th>
                  <th scope="col">Next run</th>
                  <th scope="col">Rows and rejections, 30 days</th>
                </tr>
              </thead>
              <tbody>
                ${syncs.map((sync) => line(sync, overview))}
              </tbody>
            </table>`
      }
      ${next === null ? '' : html`<p><a href="${next}" rel="next">More syncs</a></p>`}`,
  );
}

function line(sync: SyncOverview, { now, days }: Overview): Html {
  const { name, definition, lastRun } = sync;
  const state = syncState(sync);
  const behind = secondsBehind(sync.watermark, now);
  return html`<tr>
    <th scope="row">
      <a href="/syncs/${name}">${name}</a>
      <span class="hint">${definition.data_type}, ${scheduleText(definition)}</span>
    </th>
    <td data-label="State">${badge(state)}</td>
    <td data-label="Last run">
      ${lastRun ? html`${badge(lastRun.status)} ${when(lastRun.startedAt, now)}` : NOTHING}
    </td>
    <td data-label="Rows/s">${lastRun?.status === 'running' ? number(rowsPerSecond(lastRun)) : NOTHING}</td>
    <td data-label="Behind">${behind === null ? NOTHING : duration(behind)}</td>
    <td data-label="Next run">${when(nextRun(sync, now), now)}</td>
    <td data-label="30 days">${chart(days(name))}</td>
  </tr>`;
}

const REFRESH_SECONDS = 10;

/** Pages do not change under one's eyes unless asked to. */
export function refreshLink(path: string, refresh: number | undefined): Html {
  return refresh === undefined
    ? html`<p><a href="${path}?refresh=${REFRESH_SECONDS}">Refresh every ${REFRESH_SECONDS} seconds</a></p>`
    : html`<p><a href="${path}">Stop refreshing</a></p>`;
}

/** @param asked of the query */
export const refreshOf = (asked: string | undefined): number | undefined =>
  asked === String(REFRESH_SECONDS) ? REFRESH_SECONDS : undefined;
