import { describe, expect, it } from 'vitest';
import { table } from '../../../client/output/table.ts';

describe('table', () => {
  it('pads texts to the right and sets grouped numbers to the right, without spaces at line ends', () => {
    expect(
      table(
        ['SYNC', 'SENT', 'NOTE'],
        [
          ['users', 1_234_567, ''],
          ['a-longer-name', 8, 'x'],
        ],
      ).split('\n'),
    ).toEqual([
      'SYNC                SENT  NOTE',
      '─────────────  ─────────  ────',
      'users          1,234,567',
      'a-longer-name          8  x',
    ]);
  });

  it('keeps a column of texts and numbers to the left', () => {
    expect(table(['LAST'], [[12], ['–']])).toBe('LAST\n────\n12\n–');
  });

  it('is only its header where there are no rows', () => {
    expect(table(['SYNC', 'STATE'], [])).toBe('SYNC  STATE\n────  ─────');
  });

  it('lets no cell break its line or steer the terminal', () => {
    expect(table(['PAYLOAD', 'N'], [['a\r\nb\u001b[2J\tc\u009b', 1]])).toBe(
      'PAYLOAD      N\n───────────  ─\na  b [2J c   1',
    );
  });
});
