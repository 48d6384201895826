import { describe, expect, test } from 'vitest';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { codeOf, interpret, waitOf } from '../../../activities/braze/interpret.ts';

const NOW = Date.parse('2026-11-23T00:00:00Z');
const track = endpointOf('attributes', '');
const catalog = endpointOf('catalog_upsert', 'shop');

function answer(status: number, body: unknown = {}, headers: Record<string, string> = {}) {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

const meaning = (
  status: number,
  body: unknown = {},
  headers: Record<string, string> = {},
  endpoint = track,
) => interpret(endpoint, answer(status, body, headers), 3, () => ['a', 'b', 'c'], NOW);

describe('accepted', () => {
  const everything = { kind: 'accepted', refused: [], unplaced: [] };

  test.each([201, 200, 202])('status %i takes every object', (status) => {
    expect(meaning(status, { message: 'success' })).toEqual(everything);
  });

  test.each(['queued', 'Success'])('the message %s says that everything was taken', (message) => {
    expect(meaning(202, { message })).toEqual(everything);
  });

  test('errors name objects by their position as sent; the first reason stands', () => {
    const errors = [
      {
        type: "'external_id' or 'braze_id' or 'user_alias' is required",
        input_array: 'attributes',
        index: 1,
      },
      { type: 'another', input_array: 'attributes', index: 1 },
    ];
    expect(meaning(201, { message: 'success', errors })).toEqual({
      ...everything,
      refused: [
        {
          index: 1,
          code: 'braze_external_id_or_braze_id_or_user_alias_is_required',
          reason: "Braze refused the row: 'external_id' or 'braze_id' or 'user_alias' is required",
        },
      ],
    });
  });

  test.each([
    ['an index beyond the request', { type: 'x', input_array: 'attributes', index: 3 }],
    ['a negative index', { type: 'x', input_array: 'attributes', index: -1 }],
    ['an index that is no number', { type: 'x', input_array: 'attributes', index: '1' }],
    ['another array', { type: 'x', input_array: 'events', index: 1 }],
    ['an error that is a text', 'the email a@b is bad'],
    ['no type', {}],
  ])('%s pins nothing on a row, and is told without its words', (_name, error) => {
    expect(meaning(201, { errors: [error] })).toEqual({ ...everything, unplaced: ['no code'] });
  });

  test("an error without a place is told by Braze's own code", () => {
    expect(
      meaning(201, { message: 'success', errors: ['EMAIL_BAD_FORMAT', { type: 'BAD_DEVICE_ID' }] }),
    ).toEqual({ ...everything, unplaced: ['EMAIL_BAD_FORMAT', 'BAD_DEVICE_ID'] });
  });

  test('a message that is none of success is an error without a place', () => {
    expect(meaning(201, { message: 'Something went wrong' })).toEqual({
      ...everything,
      unplaced: ['no code'],
    });
  });

  test('a body that is no JSON is still an answer', () => {
    expect(meaning(201, '<html>')).toEqual(everything);
  });
});

describe('refused', () => {
  test('a 400 that names objects blames only those', () => {
    const refused = meaning(400, {
      message: 'bad',
      errors: [{ type: 'EMAIL_BAD_FORMAT', input_array: 'attributes', index: 2 }],
    });
    expect(refused).toMatchObject({
      kind: 'refused',
      refused: [{ index: 2, code: 'braze_email_bad_format' }],
    });
  });

  test('a 400 that names none is to be divided', () => {
    expect(meaning(400, { message: 'Max Input Length Exceeded' })).toMatchObject({
      kind: 'refused',
      refused: [],
      code: 'braze_max_input_length_exceeded',
    });
  });

  test('catalog errors name items by id', () => {
    const errors = [
      {
        id: 'invalid-fields',
        message: 'Some fields are unknown.',
        parameters: ['id'],
        parameter_values: ['b'],
      },
    ];
    expect(meaning(400, { errors, message: 'Invalid Request' }, {}, catalog)).toMatchObject({
      kind: 'refused',
      refused: [{ index: 1, code: 'braze_invalid_fields' }],
    });
  });

  test('413 is too large', () => expect(meaning(413)).toEqual({ kind: 'too_large' }));
});

describe('stop', () => {
  test.each([
    [401, track, 'braze_unauthorized'],
    [403, track, 'braze_forbidden'],
    [404, track, 'braze_not_found'],
    [404, catalog, 'catalog_missing'],
    [507, catalog, 'catalog_full'],
  ])('status %i', (status, endpoint, type) => {
    const result = meaning(status, {}, {}, endpoint);
    expect(result).toMatchObject({ kind: 'stop', error: { type, vendorCode: String(status) } });
  });

  test('a catalog that is not there, told by a 400', () => {
    const errors = [{ id: 'catalog-not-found', message: 'x', parameter_values: ['b'] }];
    expect(meaning(400, { errors }, {}, catalog)).toMatchObject({
      kind: 'stop',
      error: { type: 'catalog_missing', vendorCode: '400' },
    });
    expect(meaning(400, { errors })).toMatchObject({ kind: 'refused' });
  });

  test('a catalog without room, told by a 400', () => {
    const body = { errors: [{ id: 'catalog-storage-exceeded', message: 'x' }], message: 'Invalid Request' };
    expect(meaning(400, body, {}, catalog)).toMatchObject({ kind: 'stop', error: { type: 'catalog_full' } });
  });
});

describe('wait', () => {
  test.each([
    [
      'retry-after in seconds comes first',
      { 'x-ratelimit-retry-after': '7', 'x-ratelimit-reset': '99' },
      7_000,
    ],
    ['reset as a point in time', { 'x-ratelimit-reset': String(NOW / 1_000 + 12) }, 12_000],
    ['reset as seconds to go', { 'x-ratelimit-reset': '3' }, 3_000],
    ['no hint at all', {}, undefined],
    ['a reset that has passed', { 'x-ratelimit-reset': String(NOW / 1_000 - 5) }, undefined],
    ['a wait that is hardly one', { 'x-ratelimit-retry-after': '0.001' }, 50],
    ['an absurd wait is bounded', { 'x-ratelimit-retry-after': '999999' }, 3_600_000],
    ['nonsense', { 'x-ratelimit-retry-after': 'soon' }, undefined],
  ])('%s', (_name, headers, ms) => {
    expect(waitOf(answer(429, {}, headers), NOW)).toBe(ms);
    expect(meaning(429, {}, headers)).toEqual({ kind: 'rate_limited', waitMs: ms });
  });
});

test.each([500, 502, 503, 504, 302])('status %i leaves open whether it was taken', (status) => {
  expect(meaning(status)).toEqual({ kind: 'unavailable', status });
});

test('codes are stable slugs', () => {
  expect(codeOf('EMAIL_BAD_FORMAT')).toBe('braze_email_bad_format');
  expect(codeOf('')).toBe('braze_refused');
});
