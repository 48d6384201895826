import { describe, expect, it } from 'vitest';
import { nameSchema, secretSchema } from '../../../model/common-fields.ts';

describe('a name', () => {
  it.each(['a', '0', 'users_daily-2', 'x'.repeat(63)])('may be %s', (name) => {
    expect(nameSchema.safeParse(name).success).toBe(true);
  });

  it.each(['', '-a', '_a', 'Users', 'a b', 'a/b', 'a\n', 'é', 'x'.repeat(64)])('may not be %j', (name) => {
    expect(nameSchema.safeParse(name).success).toBe(false);
  });
});

describe('a secret', () => {
  it.each(['${env:KEY}', '${file:/run/secrets/key}', '${file:C:\\key}'])('is the reference %s', (text) => {
    expect(secretSchema.safeParse(text).success).toBe(true);
  });

  it.each([
    '',
    'key',
    '${env:}',
    '${vault:KEY}',
    '$env:KEY',
    'key-${env:KEY}',
    '${env:KEY}-key',
    '${env:A}${env:B}',
  ])('is never %j', (text) => {
    expect(secretSchema.safeParse(text).success).toBe(false);
  });
});
