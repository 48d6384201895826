import { expect, it } from 'vitest';
import { resolveSecret } from '../../../client/definitions/resolve-secret.ts';

const sources = {
  env: { KEY: 'from-env', EMPTY: '' },
  readFile: (path: string): Promise<string> => {
    const files: Record<string, string> = {
      '/run/key': 'from-file\n',
      '/run/pem': 'a\nb\n\n',
      '/run/empty': '\n',
    };
    const text = files[path];
    return text === undefined
      ? Promise.reject(Object.assign(new Error('secret path'), { code: 'ENOENT' }))
      : Promise.resolve(text);
  },
};

it.each([
  ['${env:KEY}', 'from-env'],
  ['${file:/run/key}', 'from-file'],
  ['${file:/run/pem}', 'a\nb\n'],
])('%s is found', async (reference, value) => {
  expect(await resolveSecret(reference, sources)).toEqual({ found: true, value });
});

it.each([
  ['${env:NONE}', 'the environment variable NONE is not set'],
  ['${env:EMPTY}', 'the environment variable EMPTY is empty'],
  ['${file:/absent}', 'the file /absent cannot be read (ENOENT)'],
  ['${file:/run/empty}', 'the file /run/empty is empty'],
  ['in clear', 'a secret is written as ${env:NAME} or ${file:PATH}'],
])('%s is not', async (reference, problem) => {
  expect(await resolveSecret(reference, sources)).toEqual({ found: false, problem });
});
