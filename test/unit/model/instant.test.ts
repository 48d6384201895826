import { describe, expect, it } from 'vitest';
import { isoInstant } from '../../../model/instant.ts';

describe('UPDATED_AT', () => {
  it.each([
    ['2026-01-31 00:00:00.123456', '2026-01-31T00:00:00.123456Z'],
    ['2026-01-31 00:00:00.123456789', '2026-01-31T00:00:00.123456Z'],
    ['2026-01-31 00:00:00', '2026-01-31T00:00:00Z'],
    ['2026-01-31T00:00:00.5', '2026-01-31T00:00:00.5Z'],
    ['at 2026-01-31 00:00:00', ''],
    ['', ''],
    [null, ''],
    ['soon', ''],
  ])('%j is %j', (text, iso) => {
    expect(isoInstant(text)).toBe(iso);
  });
});
