import type { Notification } from './channel.ts';
import type { NotificationKind } from './decide.ts';
import { mailContent } from './mail-content.ts';
import { mailHtml } from './mail-html.ts';
import { mailText } from './mail-text.ts';
import type { RunReport } from './run-report.ts';
import { oneLine, shorten } from './wording.ts';

/** Mail clients show no more of a subject, and some servers refuse very long ones. */
const SUBJECT_CHARACTERS = 150;

/**
 * Writes the mail about an ended run. Identifiers of people are masked in it.
 *
 * @param recipients the contacts of the sync
 */
export function renderMail(
  kind: NotificationKind,
  report: RunReport,
  recipients: readonly string[],
): Notification {
  const content = mailContent(kind, report);
  return {
    key: `${report.run}.${kind}`,
    recipients,
    subject: shorten(oneLine(content.subject), SUBJECT_CHARACTERS),
    text: mailText(content),
    html: mailHtml(content),
  };
}
