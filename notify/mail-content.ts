import { type Audience, ERROR_RULES } from '../model/errors.ts';
import { heldQuestion } from '../model/guard.ts';
import { incidentRule } from '../model/incident.ts';
import type { NotificationKind } from './decide.ts';
import { maskIdentifier } from './mask-identifier.ts';
import type { RejectedExample, Rejection, RunReport } from './run-report.ts';
import { formatCount, formatElapsed, formatRows, formatShare, formatTime } from './wording.ts';

/** What a mail says, before it is laid out as text and as HTML. Nothing here is escaped. */
export interface MailContent {
  readonly subject: string;
  readonly headline: string;
  /** Label and value: what happened, who must act, what to do. */
  readonly answers: readonly Line[];
  /** Lines of a summary. */
  readonly items: readonly string[];
  /** Statements and commands, line by line. */
  readonly paste: readonly string[];
  readonly rejections: readonly RejectionContent[];
  readonly notes: readonly string[];
  readonly facts: readonly Line[];
  readonly commands: readonly Command[];
  readonly link: string | undefined;
}

export type Line = readonly [label: string, value: string];

export interface RejectionContent {
  readonly title: string;
  readonly reason: string;
  readonly examples: readonly string[];
}

export interface Command {
  readonly purpose: string;
  readonly line: string;
}

/** A mail names the commonest reasons; the command it quotes lists them all. */
const REASONS_SHOWN = 20;
const EXAMPLES_SHOWN = 5;

export const WHO_ACTS: Record<Audience, string> = {
  data_team: 'The data team, who own the warehouse and the source.',
  braze_admin: 'An administrator of the Braze workspace.',
  operator: 'The operator of this braze-cdi installation.',
  nobody: 'Nobody.',
};

interface Story {
  readonly title: string;
  readonly happened: string;
  readonly audience: Audience;
  readonly action: string;
}

/** Puts a run into words. */
export function mailContent(kind: NotificationKind, report: RunReport): MailContent {
  const story = STORIES[kind](report);
  const remedy = kind === 'failure' ? report.setup?.remedy : undefined;
  return {
    subject: `[braze-cdi] ${report.sync}${story.title}`,
    headline: `${report.sync}${story.title}`,
    answers: [
      ['What happened', story.happened],
      ['Who must act', WHO_ACTS[story.audience]],
      ['What to do', story.action],
      ...(remedy === undefined ? [] : [['In the warehouse', remedy.text] as const]),
    ],
    items: [],
    paste: [remedy?.sql, remedy?.shell].flatMap((text) => text?.split('\n') ?? []),
    rejections: rejectionContents(report.rejections),
    notes: notes(report),
    facts: facts(report),
    commands: commands(report),
    link: report.links.temporal,
  };
}

const STORIES: Record<NotificationKind, (report: RunReport) => Story> = {
  failure: tellFailure,
  row_errors: tellRowErrors,
  success: tellSuccess,
  held: tellHeld,
};

const CORRECT_ROWS = incidentRule('rows_rejected').hint;

function tellFailure({ error, counts }: RunReport): Story {
  if (error === null && counts.rejected > 0 && counts.sent === 0) {
    return {
      title: ` failed: ${formatRows(counts.rejected)} rejected, none sent`,
      happened: `The run read ${formatRows(counts.read)} and could send none.`,
      audience: 'data_team',
      action: CORRECT_ROWS,
    };
  }
  const rule = ERROR_RULES[error?.type ?? 'internal'];
  return {
    title: ` failed: ${rule.summary.replace(/\.$/, '')}`,
    happened: error === null ? rule.summary : `${rule.summary} ${error.message}`,
    audience: rule.audience,
    action: rule.hint,
  };
}

function tellRowErrors({ counts: { read, sent, rejected } }: RunReport): Story {
  const share = formatShare(rejected, read);
  return {
    title: `: ${formatRows(rejected)} rejected${share === undefined ? '' : ` (${share})`}`,
    happened: `Of ${formatRows(read)}, ${formatCount(rejected)} did not reach Braze; ${formatCount(sent)} did.`,
    audience: 'data_team',
    action: CORRECT_ROWS,
  };
}

function tellSuccess({ counts }: RunReport): Story {
  const empty = counts.read === 0;
  return {
    title: empty ? ' succeeded: no new rows' : ` succeeded: ${formatRows(counts.sent)} sent`,
    happened: empty
      ? 'The source has no new rows.'
      : `Every new row is delivered: ${formatRows(counts.sent)}.`,
    audience: 'nobody',
    action: 'Nothing.',
  };
}

function tellHeld({ sync, held }: RunReport): Story {
  const rows = held?.rows ?? 0;
  return {
    title: ` is held: ${formatRows(rows)} wait for approval`,
    happened: `The run has sent nothing yet. ${held ? heldQuestion(held) : ''}`.trim(),
    audience: 'data_team',
    action:
      `Look at the table. If so much is meant, run \`cdi approve ${sync}\`; if not, \`cdi reject ${sync}\`, which ends ` +
      'the run and pauses the schedule. In the Temporal UI, send the signal `approve` or `reject` to the run.',
  };
}

function rejectionContents(rejections: readonly Rejection[]): RejectionContent[] {
  return rejections
    .toSorted((a, b) => b.count - a.count)
    .slice(0, REASONS_SHOWN)
    .map(({ code, reason, count, examples }) => ({
      title: `${formatRows(count)}: ${code}`,
      reason,
      examples: examples.slice(0, EXAMPLES_SHOWN).map(exampleLine),
    }));
}

function exampleLine({ updatedAt, identifier }: RejectedExample): string {
  const who =
    identifier === null ? 'no identifier' : `${identifier.column} ${maskIdentifier(identifier.value)}`;
  return `UPDATED_AT ${updatedAt}, ${who}`;
}

function notes({ counts, futureRows, nullTimestampRows, rejections, warnings }: RunReport): string[] {
  const all: string[] = [];
  const unnamed = rejections.length - REASONS_SHOWN;
  if (unnamed > 0) all.push(`Reasons not listed here: ${formatCount(unnamed)}.`);
  if (futureRows > 0) {
    all.push(`UPDATED_AT lies in the future: ${formatRows(futureRows)}. They wait until that time has come.`);
  }
  if (nullTimestampRows > 0) {
    all.push(`UPDATED_AT is null: ${formatRows(nullTimestampRows)}. They are never sent.`);
  }
  if (counts.possiblyDoubled > 0) {
    all.push(
      `Possibly sent twice, because an answer was lost: at most ${formatRows(counts.possiblyDoubled)}.`,
    );
  }
  return [...all, ...warnings];
}

function facts(report: RunReport): Line[] {
  const { counts, startedAt, finishedAt } = report;
  const vendorCode = report.error?.vendorCode;
  return [
    ['Sync', report.sync],
    ['Run', report.run],
    ['Status', report.status],
    ['Data type', report.dataType],
    ['Source', report.source],
    ['Workspace', report.workspace],
    ['Trigger', report.trigger],
    ['Started', formatTime(startedAt)],
    ...(finishedAt === null
      ? []
      : [['Finished', `${formatTime(finishedAt)} (${formatElapsed(startedAt, finishedAt)})`] as const]),
    ['Rows read', formatCount(counts.read)],
    ['Rows sent', formatCount(counts.sent)],
    ['Rows rejected', formatCount(counts.rejected)],
    ['Requests', formatCount(counts.requests)],
    ['Watermark', report.watermark ?? 'none yet'],
    ...(vendorCode === undefined ? [] : [['Vendor code', vendorCode] as const]),
  ];
}

function commands({ sync, run, status, counts, setup }: RunReport): Command[] {
  const history = { purpose: 'All runs of this sync', line: `cdi runs ${sync}` };
  if (status === 'held') {
    return [
      { purpose: 'Let the run go on', line: `cdi approve ${sync}` },
      { purpose: 'End the run and pause the schedule', line: `cdi reject ${sync}` },
      history,
    ];
  }
  return [
    ...(setup
      ? [{ purpose: 'What is missing in the warehouse, with the statement for it', line: setup.check }]
      : []),
    ...(counts.rejected === 0
      ? []
      : [{ purpose: 'All rejected rows of this run', line: `cdi rejected ${sync} --run ${run}` }]),
    history,
  ];
}
