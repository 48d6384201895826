/**
 * What operators read of a run in the Temporal UI, on the tab User Metadata: its current details, as Markdown. They say
 * what runs, how far it is, when it ends, what failed, who must act and what there is to do. Pure.
 */
import type { FinishedRun } from '../activities/finish-run.ts';
import { AUDIENCE_WORDS, ERROR_RULES } from '../model/errors.ts';
import { APPROVE_SIGNAL, REJECT_SIGNAL } from '../model/names.ts';
import type { RunCounts } from '../model/run.ts';
import type { RunFailure } from './failure.ts';

/** How much there is to do. */
export interface Extent {
  /** A table that is read whole is measured in parts: how many of its rows are new is known only by reading them. */
  readonly unit: 'rows' | 'parts';
  readonly total: number;
  readonly isExact: boolean;
}

export interface StepUnderWay {
  readonly text: string;
  readonly isInLedger: boolean;
}

/** A run that is under way. Times are in milliseconds since the epoch. */
export interface RunUnderWay {
  readonly sync: string;
  /** From where to where, once it is known. */
  readonly route: string | undefined;
  readonly steps: readonly StepUnderWay[];
  readonly counts: RunCounts;
  readonly upper: string | undefined;
  readonly deliveredUpTo: string | null;
  /** Undefined where it is not known. */
  readonly extent: Extent | undefined;
  readonly partsDelivered: number;
  /** When reading began; undefined before. */
  readonly began: number | undefined;
  /** Rows sent, and rows dealt with, before this execution of the workflow took the run up. */
  readonly sentBefore: number;
  readonly dealtBefore: number;
  readonly now: number;
}

const SOON_MS = 600_000;

/** Numbers as people read them: 1,234,567. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

export function runningDetails(run: RunUnderWay): string {
  const { sync, route, steps, counts, upper, deliveredUpTo, now } = run;
  const share = deliveredShare(run);
  const lines = [
    `### ${sync}: running${share === undefined ? '' : `, ${Math.floor(share * 100)} % delivered`}`,
    ...(route === undefined ? [] : [route]),
    '',
    ...(run.began === undefined ? [] : [`- **Ends:** ${endOf(run)}`]),
    `- **Under way:** ${steps.length === 0 ? 'the next step is due' : steps.map(({ text }) => text).join('; ')}`,
  ];
  if (run.began !== undefined) lines.push(...countLines(counts, paceOf(run)));
  if (upper !== undefined) {
    lines.push(`- **Delivered up to:** ${deliveredUpTo ?? 'nothing yet'}; this run reads up to ${upper}`);
  }
  lines.push(
    '',
    `As of ${timeText(now)}, when the last step began or ended. Where the end has passed, a step takes longer or is ` +
      'tried again: the tab *Pending Activities* shows how far it is, its attempts, why the last one failed, and who must act.',
    ...steps.filter(({ isInLedger }) => isInLedger).map(({ text }) => ledgerNote(text)),
  );
  return lines.join('\n');
}

/** Such a step takes milliseconds, so that whoever sees it under way sees it waiting. */
const ledgerNote = (text: string): string =>
  `\n${text} is no such activity: it is tried until the ledger has answered. If it stays, the ledger is away, and ` +
  `${AUDIENCE_WORDS.operator} must act; the worker's log says why.`;

/** @param question what the run would send, and which guard it passes */
export function heldDetails(sync: string, source: string, question: string): string {
  return [
    `### ${sync}: held`,
    '',
    `- **What happened:** The run has sent nothing yet, and waits for approval. ${question}`,
    `- **Who must act:** ${AUDIENCE_WORDS.data_team}`,
    `- **What to do:** Look at ${source}.`,
    `- **If so much is meant:** \`cdi approve ${sync}\`, and the run goes on.`,
    `- **If not:** \`cdi reject ${sync}\`; the run ends, and the schedule is paused.`,
    '',
    `Here, *More Actions*, *Send a Signal*, \`${APPROVE_SIGNAL}\` or \`${REJECT_SIGNAL}\` does the same. The run waits as long as it ` +
      'takes; ticks of the schedule are skipped meanwhile.',
  ].join('\n');
}

export interface RunEnded {
  readonly sync: string;
  readonly run: string;
  readonly finished: Pick<FinishedRun, 'status' | 'counts' | 'watermark' | 'seconds' | 'warnings'>;
  readonly failure: RunFailure | undefined;
}

export function endedDetails(ended: RunEnded): string {
  const { sync, finished } = ended;
  const { status, counts, watermark, seconds, warnings } = finished;
  const pace = seconds > 0 ? counts.sent / seconds : undefined;
  return [
    `### ${sync}: ${status}`,
    '',
    ...storyOf(ended).map(([label, text]) => `- **${label}:** ${text}`),
    ...countLines(counts, pace),
    ...(watermark === null ? [] : [`- **Delivered up to:** ${watermark}`]),
    `- **Took:** ${seconds.toFixed(1)} s`,
    ...warnings.map((warning) => `- **Warning:** ${warning}`),
  ].join('\n');
}

type Line = readonly [label: string, text: string];

/** What happened, who must act, what to do. */
function storyOf({ sync, run, finished: { counts, status }, failure }: RunEnded): Line[] {
  const look = `\`cdi rejected ${sync} --run ${run}\``;
  const rejected: Line[] = counts.rejected > 0 ? [['Rejected rows', look]] : [];
  if (failure) {
    const { audience, hint } = ERROR_RULES[failure.type];
    const code = failure.code === null ? '' : `, code ${failure.code}`;
    return [
      [
        status === 'cancelled' ? 'What happened' : 'What failed',
        `${failure.message} (\`${failure.type}\`${code})`,
      ],
      ['Who must act', AUDIENCE_WORDS[audience]],
      ['What to do', hint],
      ...(status === 'cancelled' || audience === 'nobody' ? [] : [['Then', nextRun(sync)] as const]),
      ...rejected,
    ];
  }
  if (counts.rejected > 0) {
    return [
      ['What happened', rejectedRows(counts)],
      ['Who must act', AUDIENCE_WORDS.data_team],
      [
        'What to do',
        `Look at ${look}. Correct these rows in the source and renew their UPDATED_AT: the next run sends them. Where the ` +
          `rows are right and Braze was not ready for them, \`cdi retry ${sync}\`.`,
      ],
    ];
  }
  return [
    ['What happened', counts.read > 0 ? 'Every new row is delivered.' : 'There was no new row.'],
    ['Who must act', AUDIENCE_WORDS.nobody],
  ];
}

function rejectedRows({ read, rejected }: RunCounts): string {
  if (rejected >= read) return `Every row that was read was rejected: ${rows(rejected)}.`;
  return `${grouped(rejected)} of ${rows(read)} ${rejected === 1 ? 'was' : 'were'} rejected; the others are delivered.`;
}

const nextRun = (sync: string): string =>
  `The next run goes on where this one ended: the one of the schedule, or \`cdi run ${sync}\`.`;

function countLines(counts: RunCounts, rowsPerSecond: number | undefined): string[] {
  const { read, sent, rejected, requests, possiblyDoubled } = counts;
  const pace = rowsPerSecond === undefined || sent === 0 ? '' : `, ${grouped(rowsPerSecond)} rows/s`;
  const lines = [
    `- **Read:** ${rows(read)}`,
    `- **Sent:** ${rows(sent)} in ${requests === 1 ? '1 request' : `${grouped(requests)} requests`}${pace}`,
    `- **Rejected:** ${rows(rejected)}`,
  ];
  if (possiblyDoubled > 0) {
    lines.push(
      `- **Possibly doubled:** up to ${rows(possiblyDoubled)} may have reached Braze twice: an answer was lost.`,
    );
  }
  return lines;
}

const rows = (count: number): string => (count === 1 ? '1 row' : `${grouped(count)} rows`);

const dealtWith = ({ sent, rejected }: RunCounts): number => sent + rejected;

/** What is to do and what is done, in rows or in parts; undefined where the whole is not known. */
function measured({
  counts,
  extent,
  partsDelivered,
}: RunUnderWay): { total: number; done: number } | undefined {
  if (extent === undefined) return undefined;
  if (extent.unit === 'parts') return { total: Math.max(extent.total, partsDelivered), done: partsDelivered };
  const done = dealtWith(counts);
  return { total: Math.max(extent.total, counts.read, done), done };
}

function deliveredShare(run: RunUnderWay): number | undefined {
  const progress = measured(run);
  return progress === undefined || progress.total === 0 ? undefined : progress.done / progress.total;
}

/** Rows sent per second; undefined where no time has passed. */
function paceOf({ counts, sentBefore, began, now }: RunUnderWay): number | undefined {
  if (began === undefined || now <= began) return undefined;
  return ((counts.sent - sentBefore) * 1_000) / (now - began);
}

function endOf(run: RunUnderWay): string {
  const { extent, dealtBefore, began, now } = run;
  const progress = measured(run);
  if (extent === undefined || progress === undefined || began === undefined) return 'not known yet';
  const { total, done } = progress;
  const things = extent.unit === 'rows' ? 'rows' : 'parts of the table';
  const toGo = `${grouped(total - done)} of ${extent.isExact ? '' : 'about '}${grouped(total)} ${things} to go`;
  if (done >= total) return 'at once; everything is delivered';
  const doneHere = done - (extent.unit === 'rows' ? dealtBefore : 0);
  if (doneHere <= 0 || now <= began) return `known once the first segment is delivered; ${toGo}`;
  const left = ((total - done) * (now - began)) / doneHere;
  return `about ${clockText(now + left, now)}; ${toGo}`;
}

/** `2026-01-31 21:51:35 UTC` */
function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** To the second where that is soon; with its date where that is another day. */
function clockText(at: number, now: number): string {
  const text = new Date(at).toISOString();
  const isToday = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  const clock = text.slice(11, at - now < SOON_MS ? 19 : 16);
  return `${isToday ? '' : `${text.slice(0, 10)} `}${clock} UTC`;
}
