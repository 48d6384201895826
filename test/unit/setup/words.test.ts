/** The small forms in which names and texts reach shells, files and terminals. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { instructionText } from '../../../client/output/instruction.ts';
import { wrap } from '../../../client/output/wrap.ts';
import { checkCommand, yamlText } from '../../../model/setup/definition-steps.ts';
import { asRange } from '../../../model/setup/egress-words.ts';
import { shellWord } from '../../../model/setup/shell-word.ts';

const TEXTS = [
  'plain',
  'a b',
  "it's",
  '$(id)',
  '`id`',
  '"; rm x',
  '\\',
  'ä',
  '*',
  '~',
  '-',
  '',
  'true',
  'No',
  '1',
  '1e3',
  '# x',
  'a: b',
  'x\ny',
];

test.each(TEXTS)('%j is one word of a shell', (text) => {
  const printed = execFileSync('sh', ['-c', `printf '[%s]' ${shellWord(text)} end`], { encoding: 'utf8' });
  expect(printed).toBe(`[${text}][end]`);
});

test.each(TEXTS)('%j is a text in YAML', (text) => {
  expect(parse(`value: ${yamlText(text)}`)).toEqual({ value: text });
});

test('a command names tables as they are', () => {
  expect(checkCommand('redshift', 'shop', { dataType: 'events', schema: 's', table: 'my table' })).toBe(
    "cdi setup redshift --type events --credential shop --schema s --table 'my table' --check",
  );
});

test.each([
  ['203.0.113.7', '203.0.113.7/32'],
  ['203.0.113.0/28', '203.0.113.0/28'],
  ['2001:db8::1', '2001:db8::1/128'],
])('%s is the range %s', (address, range) => {
  expect(asRange(address)).toBe(range);
});

test('long texts are broken between words, and words never', () => {
  const long = 'x'.repeat(120);
  const lines = wrap(`${'word '.repeat(40)}${long} end`).split('\n');
  expect(lines.slice(0, 2)).toEqual([Array(20).fill('word').join(' '), Array(20).fill('word').join(' ')]);
  expect(lines.slice(2)).toEqual([long, 'end']);
});

test('nothing that is printed steers the terminal', () => {
  const text = instructionText({ text: 'Do\u001b[31m this.', sql: 'SELECT "\u0007";\nSELECT 1;\n' });
  expect(text).toBe('Do [31m this.\n\nSELECT " ";\nSELECT 1;');
});
