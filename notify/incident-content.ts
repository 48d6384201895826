/** Puts incidents into words: when they open, when they are over, and many at once. Pure. */
import { ERROR_RULES, isErrorType } from '../model/errors.ts';
import { type IncidentDetail, failureType, incidentRule } from '../model/incident.ts';
import type { Incident, Notice } from '../store/incidents.ts';
import { type MailContent, WHO_ACTS } from './mail-content.ts';
import { formatCount, formatElapsed, formatRows, formatShare, formatTime } from './wording.ts';

const NOTHING: Pick<MailContent, 'items' | 'paste' | 'rejections' | 'notes' | 'commands' | 'link'> = {
  items: [],
  paste: [],
  rejections: [],
  notes: [],
  commands: [],
  link: undefined,
};

const number = (detail: IncidentDetail, key: string): number => Number(detail[key] ?? 0);
const text = (detail: IncidentDetail, key: string): string => String(detail[key] ?? '');

/** What an incident is, in a sentence. */
export function incidentSentence({ kind, detail }: Pick<Incident, 'kind' | 'detail'>): string {
  const type = failureType(kind);
  if (type !== undefined) return ERROR_RULES[type].summary;
  switch (kind) {
    case 'rows_rejected': {
      const [read, rejected] = [number(detail, 'read'), number(detail, 'rejected')];
      return `Of ${formatRows(read)}, ${formatCount(rejected)} were rejected (${formatShare(rejected, read) ?? '0 %'}).`;
    }
    case 'rows_in_future':
      return `UPDATED_AT lies in the future: ${formatRows(number(detail, 'rows'))}.`;
    case 'rows_unread':
      return `Behind the watermark at least ${formatRows(number(detail, 'rows'))} came in that no run has read.`;
    case 'guard_near':
      return `A run read ${formatRows(number(detail, 'rows'))}; max_rows_per_run is ${formatCount(number(detail, 'ceiling'))}.`;
    case 'paused': {
      const error = text(detail, 'error');
      const summary = isErrorType(error) ? ` ${ERROR_RULES[error].summary}` : '';
      return `The schedule is paused: ${number(detail, 'failures')} runs in a row failed.${summary}`;
    }
    case 'stale':
      return `No run has ended well, and the watermark has not moved, since ${text(detail, 'since')}.`;
    case 'credential_expires': {
      const days = number(detail, 'days');
      const left = days === 0 ? 'it has expired' : `${days} ${days === 1 ? 'day is' : 'days are'} left`;
      return `Its secret expires on ${text(detail, 'expires')}: ${left}.`;
    }
    case 'digests_near':
      return `Digests of ${formatRows(number(detail, 'rows'))} are kept; digest_rows is ${formatCount(number(detail, 'ceiling'))}.`;
    case 'lookback_near':
      return `The lookback holds ${formatRows(number(detail, 'rows'))}; lookback_rows is ${formatCount(number(detail, 'ceiling'))}.`;
    default:
      return '';
  }
}

const titled = ({ subject, kind }: Incident): string => {
  const { title } = incidentRule(kind);
  return `${nameOf(subject)} ${title}`;
};

const nameOf = ({ type, name }: Incident['subject']): string =>
  type === 'credential' ? `credential ${name}` : name;

/** The incidents of one subject that have opened; at least one. */
export function openedContent(incidents: readonly [Incident, ...Incident[]]): MailContent {
  const [first, ...others] = incidents;
  const { audience, hint } = incidentRule(first.kind);
  return {
    ...NOTHING,
    subject: `[braze-cdi] ${titled(first)}`,
    headline: titled(first),
    answers: [
      ['What happened', incidentSentence(first)],
      ['Who must act', WHO_ACTS[audience]],
      ['What to do', hint],
    ],
    items: others.map(openedItem),
    facts: [...subjectFacts(first), ['Since', formatTime(first.openedAt)]],
    commands: commandsOf(first),
  };
}

/** The incidents of one subject that are over; at least one. */
export function recoveredContent(incidents: readonly [Incident, ...Incident[]]): MailContent {
  const [first] = incidents;
  const name = nameOf(first.subject);
  return {
    ...NOTHING,
    subject: `[braze-cdi] ${name} has recovered`,
    headline: `${name} has recovered`,
    answers: [
      ['What happened', incidents.map(overSentence).join(' ')],
      ['Who must act', WHO_ACTS.nobody],
      ['What to do', 'Nothing.'],
    ],
    facts: subjectFacts(first),
    commands: commandsOf(first),
  };
}

function overSentence({ kind, occurrences, openedAt, closedAt }: Incident): string {
  const { title } = incidentRule(kind);
  const runs = occurrences > 1 ? `, in ${formatCount(occurrences)} runs` : '';
  const end = closedAt === null ? '' : ` It lasted ${formatElapsed(openedAt, closedAt)}${runs}.`;
  return `Over: ${title.replace(/^failed: /, 'failed, ')}.${end}`;
}

/** Many notices in one message; at least one. */
export function summaryContent(notices: readonly Notice[]): MailContent {
  const opened = notices.filter(({ event }) => event === 'opened');
  const recovered = notices.filter(({ event }) => event === 'recovered');
  const counts = [
    ...(opened.length > 0 ? [`${formatCount(opened.length)} opened`] : []),
    ...(recovered.length > 0 ? [`${formatCount(recovered.length)} recovered`] : []),
  ].join(', ');
  const headline = `${formatCount(notices.length)} ${notices.length === 1 ? 'incident' : 'incidents'}: ${counts}`;
  const audiences = new Set(opened.map(({ incident }) => WHO_ACTS[incidentRule(incident.kind).audience]));
  return {
    ...NOTHING,
    subject: `[braze-cdi] ${headline}`,
    headline,
    answers: [
      ['What happened', 'Many incidents came at once; they are told together.'],
      ['Who must act', audiences.size === 0 ? WHO_ACTS.nobody : [...audiences].join(' ')],
      ['What to do', 'See each line. Many syncs with the same error have one cause: begin with it.'],
    ],
    items: [
      ...opened.map(({ incident }) => openedItem(incident)),
      ...recovered.map(
        ({ incident }) => `${nameOf(incident.subject)} has recovered. ${overSentence(incident)}`,
      ),
    ],
    facts: [],
    commands: [{ purpose: 'Each sync with its last and its next run', line: 'cdi status' }],
  };
}

function openedItem(incident: Incident): string {
  const { audience, hint } = incidentRule(incident.kind);
  return `${titled(incident)}. ${incidentSentence(incident)} ${WHO_ACTS[audience]} ${hint}`;
}

const subjectFacts = ({ subject }: Incident): MailContent['facts'][number][] => [
  [subject.type === 'sync' ? 'Sync' : 'Credential', subject.name],
];

function commandsOf({ subject, kind }: Incident): MailContent['commands'] {
  if (subject.type === 'credential')
    return [{ purpose: 'Whether it still works', line: `cdi credential test ${subject.name}` }];
  return [
    ...(kind === 'paused'
      ? [{ purpose: 'Once it is mended, let the schedule go', line: `cdi resume ${subject.name}` }]
      : []),
    ...(kind === 'rows_unread'
      ? [{ purpose: 'Table and ledger beside each other', line: `cdi verify ${subject.name}` }]
      : []),
    { purpose: 'All runs of this sync', line: `cdi runs ${subject.name}` },
  ];
}
