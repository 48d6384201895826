import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseKeyring } from '../../../store/keyring.ts';

const key = (): string => randomBytes(32).toString('base64');

test('opens what it sealed, for the same purpose only', () => {
  const ring = parseKeyring(`k1:${key()}`);
  const sealed = ring.seal(Buffer.from('secret'), 'credential a');
  expect(ring.open(sealed, 'credential a').toString()).toBe('secret');
  expect(() => ring.open(sealed, 'credential b')).toThrow(expect.objectContaining({ type: 'key_missing' }));
  expect(sealed.includes('secret')).toBe(false);
});

test('a new key in front encrypts; the old one still opens', () => {
  const [old, fresh] = [key(), key()];
  const sealed = parseKeyring(`old:${old}`).seal(Buffer.from('a'), 'p');
  const ring = parseKeyring(`new:${fresh}\nold:${old}\n`);
  expect(ring.currentId).toBe('new');
  expect(ring.open(sealed, 'p').toString()).toBe('a');
  expect(() => parseKeyring(`new:${fresh}`).open(sealed, 'p')).toThrow(
    expect.objectContaining({ type: 'key_missing' }),
  );
});

test('notices a changed byte', () => {
  const ring = parseKeyring(`k:${key()}`);
  const sealed = ring.seal(Buffer.from('abc'), 'p');
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(() => ring.open(changed, 'p')).toThrow();
  }
});

test('fingerprints survive a rotation, so that nothing looks changed by it', () => {
  const [old, fresh] = [key(), key()];
  expect(parseKeyring(`n:${fresh}\no:${old}`).fingerprint('s')).toBe(
    parseKeyring(`o:${old}`).fingerprint('s'),
  );
});

test.each(['', '# only a comment', 'k:short', `${'x'.repeat(40)}:${randomBytes(32).toString('base64')}`])(
  'refuses "%s"',
  (text) => {
    expect(() => parseKeyring(text)).toThrow(expect.objectContaining({ type: 'key_missing' }));
  },
);

test('a value under a key that is not known has the keys read again, and the newest encrypts from then on', () => {
  const [old, fresh] = [key(), key()];
  let file = `old:${old}`;
  const ring = parseKeyring(file, () => parseKeyring(file));
  file = `new:${fresh}\nold:${old}`;
  expect(ring.currentId).toBe('old');
  const sealed = parseKeyring(file).seal(Buffer.from('a'), 'p');
  expect(ring.open(sealed, 'p').toString()).toBe('a');
  expect(ring.ids).toEqual(['new', 'old']);
  const unknown = parseKeyring(`x:${key()}`).seal(Buffer.from('a'), 'p');
  expect(() => ring.open(unknown, 'p')).toThrow(expect.objectContaining({ type: 'key_missing' }));
});
