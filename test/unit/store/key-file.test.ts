import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followKeyFile } from '../../../store/key-file.ts';
import { parseKeyring } from '../../../store/keyring.ts';

let path = '';
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'cdi-key-')), 'key');
});
afterEach(() => {
  rmSync(join(path, '..'), { recursive: true });
});

const line = (id: string): string => `${id}:${randomBytes(32).toString('base64')}\n`;

test('a key put in front encrypts without a restart', async () => {
  const old = line('old');
  writeFileSync(path, old);
  const ring = followKeyFile(path);
  writeFileSync(path, line('new') + old);
  await expect.poll(() => ring.currentId, { timeout: 30_000 }).toBe('new');
});

test('a file that cannot be read, or holds no key, changes nothing', () => {
  writeFileSync(path, line('old'));
  const ring = followKeyFile(path);
  const sealed = ring.seal(Buffer.from('a'), 'p');
  const unknown = parseKeyring(line('new')).seal(Buffer.from('a'), 'p');
  for (const spoil of [() => writeFileSync(path, 'nonsense\n'), () => rmSync(path)]) {
    spoil();
    expect(() => ring.open(unknown, 'p')).toThrow(expect.objectContaining({ type: 'key_missing' }));
    expect(ring.open(sealed, 'p').toString()).toBe('a');
  }
});

test('a file without a key is refused at once', () => {
  writeFileSync(path, '');
  expect(() => followKeyFile(path)).toThrow(expect.objectContaining({ type: 'key_missing' }));
});
