import { describe, expect, it } from 'vitest';
import { formatElapsed, formatRows, formatShare, oneLine, shorten } from '../../../notify/wording.ts';

describe('formatRows', () => {
  it.each([
    [0, '0 rows'],
    [1, '1 row'],
    [1200, '1,200 rows'],
  ])('%d → %s', (count, text) => {
    expect(formatRows(count)).toBe(text);
  });
});

describe('formatShare', () => {
  it.each([
    [12, 1000, '1.2 %'],
    [1, 3, '33.3 %'],
    [10, 10, '100 %'],
    [0, 10, '0 %'],
    [1, 1_000_000, '< 0.1 %'],
    [999_999, 1_000_000, '> 99.9 %'],
    [0, 0, undefined],
  ])('%d of %d → %s', (part, whole, text) => {
    expect(formatShare(part, whole)).toBe(text);
  });
});

describe('formatElapsed', () => {
  it.each([
    [0, '0 s'],
    [59_400, '59 s'],
    [59_600, '1 min 0 s'],
    [192_000, '3 min 12 s'],
    [7_500_000, '2 h 5 min'],
    [-5000, '0 s'],
  ])('%d ms → %s', (ms, text) => {
    expect(formatElapsed(new Date(0), new Date(ms))).toBe(text);
  });
});

describe('oneLine', () => {
  it.each([
    ['one\r\ntwo', 'one two'],
    ['one\n\n\ttwo\n', 'one two'],
    ['one\u2028two\u0085three\u0000', 'one two three'],
    ['pay\u202Elap', 'pay lap'],
    ['Größe 大 🦊', 'Größe 大 🦊'],
  ])('%j → %s', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });
});

describe('shorten', () => {
  it('cuts between characters and shows that it did', () => {
    expect(shorten('🦊🦊🦊🦊', 4)).toBe('🦊🦊🦊🦊');
    expect(shorten('🦊🦊🦊🦊🦊', 4)).toBe('🦊🦊🦊…');
  });
});
