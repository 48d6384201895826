import type * as NodeCrypto from 'node:crypto';
import { expect, it, vi } from 'vitest';

const compared = vi.hoisted(() => [] as [number, number][]);
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof NodeCrypto>();
  return {
    ...crypto,
    timingSafeEqual: (a: Uint8Array, b: Uint8Array) => {
      compared.push([a.length, b.length]);
      return crypto.timingSafeEqual(a, b);
    },
  };
});
const { hashOf, isSecret } = await import('../../../store/api-keys.ts');
const { csrfToken, requireCsrfToken } = await import('../../../api/page/session.ts');

it('compares the hash of a key in constant time, also where there is no such key', () => {
  const hash = hashOf('right');
  expect([isSecret('right', hash), isSecret('wrong', hash), isSecret('right', undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(compared.splice(0)).toEqual([
    [32, 32],
    [32, 32],
    [32, 32],
  ]);
});

it('takes no key for the one that does not exist', () => {
  // What stands in for the hash of a missing key must not be somebody's.
  expect(isSecret('anything', undefined)).toBe(false);
});

it('takes the token of its own session alone, and compares it in constant time', () => {
  compared.splice(0);
  const token = csrfToken('session');
  expect(token).not.toContain('session');
  expect(csrfToken('other')).not.toBe(token);
  expect(() => requireCsrfToken('session', token)).not.toThrow();
  for (const wrong of [csrfToken('other'), '', undefined, ['x'], `${token}x`])
    expect(() => requireCsrfToken('session', wrong)).toThrow('not of this session');
  expect(compared).toEqual([
    [43, 43],
    [43, 43],
  ]);
});
