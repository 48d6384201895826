/** Tells what is due of incidents: each in a message of its own, or many in a summary. */
import { createHash } from 'node:crypto';
import { classify } from '../model/errors.ts';
import { failureType, type IncidentSubject } from '../model/incident.ts';
import { howToTell } from '../model/notice-flood.ts';
import type { Incident, Notice } from '../store/incidents.ts';
import type { Notification } from './channel.ts';
import type { NotificationKind } from './decide.ts';
import { Audiences, type NamedWebhook, deliver, mailReader } from './deliver.ts';
import type { NotifyDependencies } from './dependencies.ts';
import { summaryContent, incidentSentence, openedContent, recoveredContent } from './incident-content.ts';
import { renderContent, renderMail } from './render-mail.ts';
import { reportOfRun } from './report-of-run.ts';

/**
 * @param subject tells what is due of this one only, as the run that has just ended does; left out: all there is
 * @returns how many notices are told now
 * @throws CdiError where a target was not reached; what it should have got is due again
 */
export async function tellDue(dependencies: NotifyDependencies, subject?: IncidentSubject): Promise<number> {
  const { incidents } = dependencies.ledger;
  const due = await incidents.due(subject);
  if (due.length === 0) return 0;
  const messages = byMessage(due);
  const how = howToTell(messages.length, await incidents.recentlyTold(), subject === undefined);
  if (how === 'wait') return 0;
  const mine = await incidents.claim(due);
  const claimed = due.filter(({ id }) => mine.has(id));
  if (how === 'summary') return tellSummary(dependencies, claimed);
  const audiences = new Audiences(dependencies.ledger);
  let told = 0;
  let failure: Error | undefined;
  for (const message of byMessage(claimed)) {
    try {
      if (await tellSingle(dependencies, audiences, message)) told += message.length;
      else await incidents.release(message);
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error('A message failed.');
      await incidents.release(message);
    }
  }
  if (failure !== undefined) throw failure;
  return told;
}

type Message = [Notice, ...Notice[]];

/** What is told together: what has opened, or is over, of one subject. */
function byMessage(notices: readonly Notice[]): Message[] {
  const messages = new Map<string, Message>();
  for (const notice of notices) {
    const { subject } = notice.incident;
    const key = `${notice.event} ${subject.type} ${subject.name}`;
    const message = messages.get(key);
    if (message) message.push(notice);
    else messages.set(key, [notice]);
  }
  return [...messages.values()];
}

/** @returns whether there was anybody to be told: another process may have the channels that this one lacks */
async function tellSingle(
  dependencies: NotifyDependencies,
  audiences: Audiences,
  message: Message,
): Promise<boolean> {
  const { contacts, webhooks } = await audiences.of(message[0].incident.subject);
  const { incidents } = dependencies.ledger;
  const notification = await notificationOf(dependencies, message, contacts);
  try {
    if (!(await deliver(dependencies, notification, webhooks, idsOf(message)))) return false;
  } catch (error) {
    await incidents.markPartlyTold(message, 'single', notification.key);
    throw error;
  }
  await incidents.markTold(message, 'single', notification.key);
  return true;
}

async function notificationOf(
  { ledger, settings }: NotifyDependencies,
  message: Message,
  recipients: readonly string[],
): Promise<Notification> {
  const [first, ...others] = message;
  const incidents: [Incident, ...Incident[]] = [first.incident, ...others.map(({ incident }) => incident)];
  const { subject } = first.incident;
  const kinds = incidents.map(({ kind }) => kind);
  const key = `incident-${message.map(({ incident }) => incident.id).join('-')}.${first.event}`;
  const facts = {
    event: first.event,
    incidents: kinds,
    sync: subject.type === 'sync' ? subject.name : null,
    credential: subject.type === 'credential' ? subject.name : null,
    run: first.incident.run,
  };
  if (first.event === 'recovered')
    return renderContent(recoveredContent(incidents), { key, recipients, facts });
  const about = incidents.findLast(({ kind }) => kindOfRun(kind) !== undefined);
  const kind = about && kindOfRun(about.kind);
  if (about && kind && about.run !== null) {
    const record = await ledger.runs.get(about.run);
    const sync = (await ledger.definitions.syncs()).find(({ name }) => name === subject.name);
    const report = record && sync && (await reportOfRun(ledger, sync, record, settings));
    if (report) {
      const beside = incidents.filter((other) => other !== about).map(incidentSentence);
      return renderMail(kind, { ...report, warnings: [...report.warnings, ...beside] }, recipients, kinds);
    }
  }
  return renderContent(openedContent(incidents), { key, recipients, facts });
}

/** How a run itself is told of, for the incidents that are best told so. */
function kindOfRun(kind: Incident['kind']): NotificationKind | undefined {
  if (failureType(kind) !== undefined) return 'failure';
  return kind === 'rows_rejected' ? 'row_errors' : undefined;
}

interface SummaryFor {
  readonly contacts: readonly string[];
  readonly webhooks: readonly NamedWebhook[];
  readonly notices: readonly Notice[];
}

async function tellSummary(dependencies: NotifyDependencies, claimed: readonly Notice[]): Promise<number> {
  const { ledger, log } = dependencies;
  const readers = await ledger.deliveries.readersOf(idsOf(claimed));
  const reached = new Set(claimed.filter(({ id }) => (readers.get(id)?.size ?? 0) > 0));
  const missed = new Set<Notice>();
  for (const { contacts, webhooks, notices } of await summariesOf(new Audiences(ledger), claimed, readers)) {
    const ids = idsOf(notices);
    const toWhomOfWhat = JSON.stringify([contacts, webhooks.map(({ id }) => id), ids]);
    const notification = renderContent(summaryContent(notices), {
      key: `summary-${createHash('sha256').update(toWhomOfWhat).digest('hex').slice(0, 32)}`,
      recipients: contacts,
      facts: {
        event: 'summary',
        incidents: [...new Set(notices.map(({ incident }) => incident.kind))],
        sync: null,
        credential: null,
        run: null,
      },
    });
    try {
      const isRead = await deliver(dependencies, notification, webhooks, ids);
      if (isRead) for (const notice of notices) reached.add(notice);
    } catch (error) {
      for (const notice of notices) missed.add(notice);
      log.warn({ type: classify(error).type, notices: notices.length }, 'a summary did not reach everybody');
    }
  }
  const told = [...reached].filter((notice) => !missed.has(notice));
  if (told.length > 0) await ledger.incidents.markTold(told, 'summary', 'summary');
  const partly = [...reached].filter((notice) => missed.has(notice));
  await ledger.incidents.markPartlyTold(partly, 'summary', 'summary');
  await ledger.incidents.release(claimed);
  return told.length;
}

const idsOf = (notices: readonly Notice[]): number[] => notices.map(({ id }) => id);

/**
 * One summary for each set of notices: who is told of the same shares a mail.
 *
 * @param reached readers that know of a notice already, by its id
 */
async function summariesOf(
  audiences: Audiences,
  notices: readonly Notice[],
  reached: ReadonlyMap<number, ReadonlySet<string>>,
): Promise<SummaryFor[]> {
  const byReader = new Map<string, { contact?: string; webhook?: NamedWebhook; notices: Notice[] }>();
  for (const notice of notices) {
    const { contacts, webhooks } = await audiences.of(notice.incident.subject);
    const readers = [
      ...contacts.map((contact) => ({ id: mailReader(contact), contact })),
      ...webhooks.map((webhook) => ({ id: webhook.id, webhook })),
    ];
    for (const { id, ...reader } of readers) {
      if (reached.get(notice.id)?.has(id)) continue;
      const known = byReader.get(id) ?? { ...reader, notices: [] };
      known.notices.push(notice);
      byReader.set(id, known);
    }
  }
  const summaries = new Map<string, { contacts: string[]; webhooks: NamedWebhook[]; notices: Notice[] }>();
  for (const { contact, webhook, notices: own } of byReader.values()) {
    const key = `${webhook === undefined ? 'mail' : webhook.id} ${own.map(({ id }) => id).join()}`;
    const summary = summaries.get(key) ?? { contacts: [], webhooks: [], notices: own };
    if (contact !== undefined) summary.contacts.push(contact);
    if (webhook !== undefined) summary.webhooks.push(webhook);
    summaries.set(key, summary);
  }
  return [...summaries.values()];
}
