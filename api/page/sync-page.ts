/** One sync: how it stands, what it can be told, its runs, what was rejected. */
import { html } from 'hono/html';
import { rowsPerSecond, runSeconds } from '../../client/commands/describe-run.ts';
import { scheduleText, syncState } from '../../client/sync-state.ts';
import type { ApiPermission } from '../../model/api-permissions.ts';
import { ERROR_RULES, isErrorType } from '../../model/errors.ts';
import { heldQuestion } from '../../model/guard.ts';
import { runWorkflowId, scheduleId } from '../../model/names.ts';
import type { RejectionCount } from '../../store/rejected-rows.ts';
import type { RunRecord } from '../../store/runs.ts';
import type { SyncOverview } from '../../store/sync-overviews.ts';
import { secondsBehind } from '../instant.ts';
import { nextRun } from '../next-run.ts';
import { DONE, type PageAction } from './actions.ts';
import { type Day, chart } from './chart.ts';
import { type Frame, type Html, layout } from './layout.ts';
import { refreshLink } from './overview-page.ts';
import { badge, NOTHING, when } from './parts.ts';
import { duration, number } from './words.ts';

export interface SyncDetails {
  readonly sync: SyncOverview;
  readonly runs: readonly RunRecord[];
  /** Address of older runs; null where there are none. */
  readonly older: string | null;
  /** Of all rejected rows that are kept, or of one run. */
  readonly reasons: readonly RejectionCount[];
  /** The run that they are of. */
  readonly ofRun: string | undefined;
  readonly days: readonly Day[];
  readonly may: (permission: ApiPermission) => boolean;
  /** What was just done. */
  readonly done: PageAction | undefined;
  /** Base of the links into the Temporal UI; undefined where it is not known. */
  readonly temporalUi: string | undefined;
  readonly now: Date;
}

export function syncPage(frame: Omit<Frame, 'title'>, details: SyncDetails): Html {
  const { sync, done } = details;
  const { name, definition } = sync;
  return layout(
    { ...frame, title: name },
    html`<h1>${name}</h1>
      ${definition.description === undefined ? '' : html`<p>${definition.description}</p>`}
      ${done === undefined ? '' : html`<p class="done" role="status">${DONE[done]}</p>`}
      ${refreshLink(`/syncs/${name}`, frame.refresh)} ${facts(details)} ${actions(frame.csrf ?? '', details)}
      <h2 id="days">Rows and rejections, 30 days</h2>
      ${chart(details.days)}
      <p class="hint">Rows above the line, rejected rows below it, each to its own scale.</p>
      ${runTable(details)} ${rejections(details)}`,
  );
}

function facts({ sync, temporalUi, now }: SyncDetails): Html {
  const { definition, lastRun, watermark } = sync;
  const state = syncState(sync);
  const behind = secondsBehind(watermark, now);
  return html`<dl>
    <dt>State</dt>
    <dd>${badge(state)} ${state === 'paused' ? (sync.pauseNote ?? '') : ''}</dd>
    <dt>From</dt>
    <dd>${definition.source.schema}.${definition.source.table} in ${sync.warehouse}</dd>
    <dt>To</dt>
    <dd>${definition.data_type} of ${definition.workspace}</dd>
    <dt>Schedule</dt>
    <dd>
      ${scheduleText(definition)}${
        temporalUi === undefined
          ? ''
          : html` ·
              <a href="${temporalUi}/schedules/${encodeURIComponent(scheduleId(sync.name))}">in Temporal</a>`
      }
    </dd>
    <dt>Next run</dt>
    <dd>${when(nextRun(sync, now), now)}</dd>
    <dt>Delivered up to</dt>
    <dd>${watermark === null ? NOTHING : `${watermark} UTC`}</dd>
    <dt>Behind</dt>
    <dd>${behind === null ? NOTHING : duration(behind)}</dd>
    ${
      lastRun?.status === 'running'
        ? html`<dt>Under way</dt>
            <dd>
              ${number(lastRun.counts.read)} rows read, ${number(lastRun.counts.sent)} sent,
              ${number(lastRun.counts.rejected)} rejected, ${number(rowsPerSecond(lastRun))} rows/s
            </dd>`
        : ''
    }
    ${
      lastRun?.status === 'held' && lastRun.held
        ? html`<dt>Held</dt>
            <dd>${heldQuestion(lastRun.held)}</dd>`
        : ''
    }
  </dl>`;
}

function actions(csrf: string, { sync, may }: SyncDetails): Html {
  const state = syncState(sync);
  const status = sync.lastRun?.status;
  const isOpen = status === 'running' || status === 'held';
  const form = (action: PageAction, text: string, more: Html | '' = ''): Html =>
    html`<form method="post" action="/syncs/${sync.name}/${action}">
      <input type="hidden" name="csrf" value="${csrf}" />
      ${more}<button type="submit">${text}</button>
    </form>`;
  const note = html`<label>Why <input name="note" maxlength="500" autocomplete="off" /></label> `;
  return html`<div class="actions">
    ${may('v1.run') && !isOpen ? form('run', 'Run now') : ''}
    ${
      may('v1.run') && status === 'held'
        ? html`${form('approve', 'Approve: let it go on')} ${form('reject', 'Reject: end it and pause')}`
        : ''
    }
    ${may('v1.pause') && state === 'active' ? form('pause', 'Pause', note) : ''}
    ${may('v1.pause') && state === 'paused' ? form('resume', 'Resume') : ''}
  </div>`;
}

function runTable({ sync, runs, older, temporalUi, now }: SyncDetails): Html {
  if (runs.length === 0)
    return html`<h2 id="runs">Runs</h2>
      <p>None yet.</p>`;
  return html`<h2 id="runs">Runs</h2>
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">Started</th>
          <th scope="col">Status</th>
          <th scope="col">Trigger</th>
          <th scope="col">Took</th>
          <th scope="col">Read</th>
          <th scope="col">Sent</th>
          <th scope="col">Rejected</th>
          <th scope="col">Rows/s</th>
          <th scope="col">More</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          (run) =>
            html`<tr>
              <th scope="row">${when(run.startedAt, now)}</th>
              <td data-label="Status">${badge(run.status)} ${errorText(run)}</td>
              <td data-label="Trigger">${run.trigger}</td>
              <td data-label="Took">${duration(runSeconds(run))}</td>
              <td data-label="Read">${number(run.counts.read)}</td>
              <td data-label="Sent">${number(run.counts.sent)}</td>
              <td data-label="Rejected">
                ${
                  run.counts.rejected > 0
                    ? html`<a href="/syncs/${sync.name}?run=${run.id}#rejected"
                        >${number(run.counts.rejected)}</a
                      >`
                    : '0'
                }
              </td>
              <td data-label="Rows/s">${number(rowsPerSecond(run))}</td>
              <td data-label="More">
                ${
                  temporalUi === undefined
                    ? NOTHING
                    : html`<a
                        href="${temporalUi}/workflows/${encodeURIComponent(runWorkflowId(sync.name))}/${run.id}"
                        >in Temporal</a
                      >`
                }
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${older === null ? '' : html`<p><a href="${older}#runs" rel="next">Older runs</a></p>`}`;
}

function errorText({ error }: RunRecord): Html | '' {
  if (!error) return '';
  const hint = isErrorType(error.type) ? ERROR_RULES[error.type].hint : '';
  return html`<span class="hint">${error.type}: ${error.message} ${hint}</span>`;
}

function rejections({ sync, reasons, ofRun, may }: SyncDetails): Html {
  const query = ofRun === undefined ? '' : `?run=${ofRun}`;
  return html`<h2 id="rejected">Rejected rows</h2>
    ${
      ofRun === undefined
        ? html`<p>Of the last 30 days.</p>`
        : html`<p>Of one run. <a href="/syncs/${sync.name}#rejected">Of the last 30 days</a></p>`
    }
    ${
      reasons.length === 0
        ? html`<p>None.</p>`
        : html`<table class="cards">
              <thead>
                <tr>
                  <th scope="col">Code</th>
                  <th scope="col">Rows</th>
                  <th scope="col">Reason</th>
                </tr>
              </thead>
              <tbody>
                ${reasons.map(
                  ({ code, count, reason }) =>
                    html`<tr>
                      <th scope="row">${code}</th>
                      <td data-label="Rows">${number(count)}</td>
                      <td data-label="Reason">${reason}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
            ${
              may('v1.rejected')
                ? html`<p>
                    Export with personal data:
                    <a href="/syncs/${sync.name}/rejected.csv${query}" download>CSV</a>,
                    <a href="/syncs/${sync.name}/rejected.ndjson${query}" download>NDJSON</a>
                  </p>`
                : html`<p class="hint">The export needs the permission v1.rejected.</p>`
            }`
    }`;
}
