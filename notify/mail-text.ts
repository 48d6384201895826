import type { Line, MailContent } from './mail-content.ts';
import { indentedLine, oneLine } from './wording.ts';

/** Lays a mail out as plain text. */
export function mailText(content: MailContent): string {
  const sections = [
    oneLine(content.headline),
    content.answers.map(([label, value]) => `${label}: ${oneLine(value)}`).join('\n'),
    content.items.map((item) => `- ${oneLine(item)}`).join('\n'),
    section('Ready to paste', content.paste.map(indentedLine)),
    rejectionSection(content),
    section(
      'Also worth knowing',
      content.notes.map((note) => `- ${oneLine(note)}`),
    ),
    section('The run', aligned(content.facts)),
    section(
      'Commands',
      content.commands.map(({ purpose, line }) => `${purpose}:\n    ${oneLine(line)}`),
    ),
    section('Temporal UI', content.link === undefined ? [] : [oneLine(content.link)]),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

function rejectionSection({ rejections }: MailContent): string {
  return section(
    'Rejected rows by reason, with the first of each',
    rejections.flatMap(({ title, reason, examples }) => [
      `${oneLine(title)}. ${oneLine(reason)}`,
      ...examples.map((example) => `  - ${oneLine(example)}`),
    ]),
  );
}

function aligned(lines: readonly Line[]): string[] {
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, value]) => `${label.padEnd(width)}  ${oneLine(value)}`);
}
