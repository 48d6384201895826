import type { Notification, NotificationFacts } from './channel.ts';
import type { NotificationKind } from './decide.ts';
import { type MailContent, mailContent } from './mail-content.ts';
import { mailHtml } from './mail-html.ts';
import { mailText } from './mail-text.ts';
import type { RunReport } from './run-report.ts';
import { oneLine, shorten } from './wording.ts';

/** Mail clients show no more of a subject, and some servers refuse very long ones. */
const SUBJECT_CHARACTERS = 150;

/**
 * Writes the notification about an ended run. Identifiers of people are masked in it.
 *
 * @param recipients the contacts of the sync
 */
export function renderMail(
  kind: NotificationKind,
  report: RunReport,
  recipients: readonly string[],
  incidents: readonly string[] = [],
): Notification {
  return renderContent(mailContent(kind, report), {
    key: `${report.run}.${kind}`,
    recipients,
    facts: { event: kind, incidents, sync: report.sync, credential: null, run: report.run },
  });
}

/** What a content does not say of itself. */
export interface Addressed {
  readonly key: string;
  readonly recipients: readonly string[];
  readonly facts: Pick<NotificationFacts, 'event' | 'incidents' | 'sync' | 'credential' | 'run'>;
}

/** Lays a content out for every channel. */
export function renderContent(content: MailContent, { key, recipients, facts }: Addressed): Notification {
  return {
    key,
    recipients,
    subject: shorten(oneLine(content.subject), SUBJECT_CHARACTERS),
    text: mailText(content),
    html: mailHtml(content),
    facts: {
      ...facts,
      headline: content.headline,
      answers: content.answers,
      items: content.items,
      link: content.link ?? null,
    },
  };
}
