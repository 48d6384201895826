import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLine } from '../../../client/output/csv.ts';

describe('csvLine', () => {
  it.each([
    ['plain cells as they are', ['a', 'b c', '{}'], 'a,b c,{}'],
    ['nothing for null and for empty text', [null, '', 'x'], ',,x'],
    ['quotes around commas and line breaks', ['a,b', 'c\nd', 'e\rf'], '"a,b","c\nd","e\rf"'],
    ['quotes doubled', ['{"a":1}'], '"{""a"":1}"'],
    ['signs of a formula inside a cell', ['a=1', 'x+y', 'me@example.com'], 'a=1,x+y,me@example.com'],
  ])('%s', (_what, cells, line) => {
    expect(csvLine(cells)).toBe(line);
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+4915112345678', "'+4915112345678"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['\n=1', `"'\n=1"`],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
  ])('keeps %j a text', (cell, line) => {
    expect(csvLine([cell])).toBe(line);
  });

  it('gives every cell back to a reader of RFC 4180, formulas behind an apostrophe', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\t', '=', '+', '-', '@', "'"),
    });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
        const read = readLine(csvLine(cells));
        expect(read).toHaveLength(cells.length);
        for (const [index, text] of read.entries()) {
          expect(text).not.toMatch(/^[=+\-@\t\r\n]/);
          expect([cells[index], `'${cells[index] ?? ''}`]).toContain(text);
        }
      }),
    );
  });
});

/** The cells of one record. */
function readLine(line: string): string[] {
  return [...`${line},`.matchAll(/(?:"((?:[^"]|"")*)"|([^,"]*)),/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
