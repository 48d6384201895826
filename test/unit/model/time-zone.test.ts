import { describe, expect, it } from 'vitest';
import { changesClock, isTimeZone } from '../../../model/time-zone.ts';

describe('isTimeZone', () => {
  it.each(['UTC', 'Europe/Paris', 'Asia/Kolkata', 'Asia/Calcutta', 'Etc/GMT+3'])('takes %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each([
    '',
    'Mars/Base',
    '+02:00',
    'europe/paris',
    'Europe/paris',
    'EUROPE/PARIS',
    // Another name of a zone, so that it does not come back as it was written in any case.
    'asia/Kolkata',
  ])('refuses %j', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});

describe('changesClock', () => {
  it.each([
    ['Europe/Paris', true],
    ['Australia/Sydney', true],
    ['Asia/Tokyo', false],
    ['UTC', false],
  ])('%s: %s', (name, changes) => {
    expect(changesClock(name)).toBe(changes);
  });
});
