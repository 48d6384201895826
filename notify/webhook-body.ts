/** What is posted to a webhook. */
import type { Notification } from './channel.ts';
import { oneLine, shorten } from './wording.ts';

/** Slack cuts longer messages off, in the middle of a word. */
const SLACK_CHARACTERS = 3_500;

/** The form for programs; see docs/operations.md. */
export function jsonBody({ key, facts }: Notification): string {
  return JSON.stringify({
    version: 1,
    id: key,
    event: facts.event,
    incidents: facts.incidents,
    sync: facts.sync,
    credential: facts.credential,
    run: facts.run,
    headline: oneLine(facts.headline),
    details: Object.fromEntries(
      facts.answers.map(([label, value]) => [label.toLowerCase().replaceAll(' ', '_'), oneLine(value)]),
    ),
    items: facts.items.map(oneLine),
    link: facts.link,
  });
}

/** The form of Slack's incoming webhooks, which Mattermost and others read as well. */
export function slackBody({ facts }: Notification): string {
  const lines = [
    `*${escapeSlack(facts.headline)}*`,
    ...facts.answers.map(([label, value]) => `*${escapeSlack(label)}:* ${escapeSlack(value)}`),
    ...facts.items.map((item) => `• ${escapeSlack(item)}`),
  ];
  const link = facts.link === null ? '' : `\n<${encodeURI(facts.link)}|Open this run in the Temporal UI>`;
  return JSON.stringify({ text: `${shorten(lines.join('\n'), SLACK_CHARACTERS)}${link}` });
}

/** Text from elsewhere may neither mention everybody nor make a link. */
const escapeSlack = (text: string): string =>
  oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
