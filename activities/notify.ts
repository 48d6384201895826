/**
 * What follows from a run that has ended, or waits: incidents open or are over, a schedule is paused where only a person can
 * help, and who asked is told.
 */
import { ERROR_RULES, isErrorType } from '../model/errors.ts';
import { failuresInARow } from '../model/failures-in-a-row.ts';
import type { IncidentSubject } from '../model/incident.ts';
import { type RunSignals, runSignals } from '../notify/decide.ts';
import { Audiences, deliver } from '../notify/deliver.ts';
import { renderMail } from '../notify/render-mail.ts';
import { reportOfRun } from '../notify/report-of-run.ts';
import { tellDue } from '../notify/tell-due.ts';
import type { StoredSync } from '../store/definitions.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface NotifyInput {
  readonly sync: string;
  readonly run: string;
}

/** Cancelled runs and such that fail for a while lie between those that count. */
const RUNS_LOOKED_AT = 200;

/**
 * @returns the kinds of what was told or found, or `none`
 * @throws CdiError `mail_unavailable`, `webhook_unavailable` where somebody could not be reached
 */
export function notify(dependencies: ActivityDependencies) {
  const { ledger, log, settings, channels } = dependencies;
  return async ({ sync: name, run }: NotifyInput): Promise<string> => {
    const record = await ledger.runs.get(run);
    const sync = (await ledger.definitions.syncs()).find((candidate) => candidate.name === name);
    const report = record && sync && (await reportOfRun(ledger, sync, record, settings));
    if (!record || !sync || !report) return 'none';
    const { notifications, options } = sync.definition;
    const subject: IncidentSubject = { type: 'sync', name };
    const open = await ledger.incidents.open(subject);
    const signals = runSignals(
      report,
      notifications,
      open.map(({ kind }) => kind),
      options.max_rows_per_run,
    );
    for (const { kind, detail } of signals.raised)
      await ledger.incidents.raise({ subject, kind, detail, run });
    await ledger.incidents.close(open.filter(({ kind }) => signals.closed.includes(kind)));
    if (signals.raised.length > 0) await pauseWhereDue(dependencies, sync, run);

    const { webhooks } = await new Audiences(ledger).of(subject);
    if (!channels.mail && webhooks.length === 0 && hasNews(signals)) {
      log.warn({ sync: name, run }, 'a notification is due but no mail server is configured');
    }
    if (signals.event !== undefined) {
      const notification = renderMail(signals.event, report, notifications.contacts);
      await deliver(dependencies, notification, webhooks);
    }
    if (signals.raised.length + signals.closed.length > 0) await tellDue(dependencies, subject);
    const kinds = [
      ...(signals.event === undefined ? [] : [signals.event]),
      ...signals.raised.map(({ kind }) => kind),
      ...signals.closed.map((kind) => `${kind} is over`),
    ];
    return kinds.join(', ') || 'none';
  };
}

const hasNews = ({ event, raised, closed }: RunSignals): boolean =>
  event !== undefined || raised.length + closed.length > 0;

/** Trying again is of no use, and each failure costs a warehouse its query: the schedule rests until somebody has mended it. */
async function pauseWhereDue(
  { ledger, temporal, log }: ActivityDependencies,
  { name, definition, paused, resumedAt }: StoredSync,
  run: string,
): Promise<void> {
  const { pause_after_failures: limit } = definition.options;
  if (limit === 0 || paused || definition.schedule === 'manual') return;
  const ended = await ledger.runs.endedSince(name, resumedAt, RUNS_LOOKED_AT);
  const failures = failuresInARow(ended);
  if (failures < limit) return;
  const type = ended[0]?.error?.type;
  const why = isErrorType(type) ? ` ${ERROR_RULES[type].summary}` : '';
  const note = `Paused: ${failures} runs in a row failed.${why} Once it is mended: cdi resume ${name}`;
  await temporal.pauseSchedule(name, note);
  await ledger.definitions.setPaused(name, true, note);
  await ledger.incidents.raise({
    subject: { type: 'sync', name },
    kind: 'paused',
    detail: { failures, ...(isErrorType(type) ? { error: type } : {}) },
    run,
  });
  log.warn({ sync: name, run, failures, type }, 'schedule paused after failed runs');
}
