import type { Line, MailContent } from './mail-content.ts';
import { indentedLine, oneLine } from './wording.ts';

/**
 * Lays a mail out as HTML. It sets no colours and loads nothing, so that it reads well on dark and on light
 * ground, and tells nobody that it was opened.
 */
export function mailHtml(content: MailContent): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escape(content.subject)}</title>
</head>
<body style="font-family: system-ui, sans-serif; line-height: 1.45; max-width: 44em; margin: 0 auto; padding: 1em">
${[
  `<h1 style="font-size: 1.25em">${escape(content.headline)}</h1>`,
  ...content.answers.map(([label, value]) => `<p><strong>${escape(label)}:</strong> ${escape(value)}</p>`),
  ...(content.items.length === 0 ? [] : [list(content.items)]),
  ...section('Ready to paste', pre(content.paste)),
  ...rejectionSection(content),
  ...section('Also worth knowing', list(content.notes)),
  ...section('The run', table(content.facts)),
  ...section(
    'Commands',
    content.commands
      .map(({ purpose, line }) => `<p>${escape(purpose)}:<br><code>${escape(line)}</code></p>`)
      .join('\n'),
  ),
  ...linkSection(content),
].join('\n')}
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const entities = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
const escape = (text: string): string => entities(oneLine(text));

function section(title: string, inner: string): string[] {
  return inner === '' ? [] : [`<h2 style="font-size: 1.05em">${escape(title)}</h2>`, inner];
}

function pre(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<pre style="white-space: pre-wrap">${lines.map((line) => entities(indentedLine(line))).join('\n')}</pre>`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escape(item)}</li>`).join('')}</ul>`;
}

function table(lines: readonly Line[]): string {
  const cell = 'text-align: left; vertical-align: top; padding: 0.1em 1em 0.1em 0; font-weight: normal';
  const rows = lines.map(
    ([label, value]) =>
      `<tr><th style="${cell}" scope="row">${escape(label)}</th><td>${escape(value)}</td></tr>`,
  );
  return `<table style="border-collapse: collapse">\n${rows.join('\n')}\n</table>`;
}

function rejectionSection({ rejections }: MailContent): string[] {
  return section(
    'Rejected rows by reason, with the first of each',
    rejections
      .map(
        ({ title, reason, examples }) =>
          `<p><strong>${escape(title)}.</strong> ${escape(reason)}</p>${list(examples)}`,
      )
      .join('\n'),
  );
}

function linkSection({ link }: MailContent): string[] {
  return link === undefined ? [] : [`<p><a href="${escape(link)}">Open this run in the Temporal UI</a></p>`];
}
