/** docs/warehouses.md says what the suite checks today, and what of it passed when it was written. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WAREHOUSES } from '../../../model/warehouse-credentials.ts';
import { everyCheck, renderPage } from '../../warehouses/conformance/page.ts';
import { CHECKS } from '../../warehouses/conformance/themes.ts';
import { LIMITS } from '../../warehouses/limits.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

it('is as `npm run docs:warehouses` writes it', () => {
  expect(read('docs/warehouses.md').replaceAll('| ✗ ', '| ✓ ')).toBe(renderPage(everyCheck()));
});

it('checks have names of their own', () => {
  expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
});

describe.each(WAREHOUSES)('%s', (warehouse) => {
  it('is put through the suite', () => {
    expect(read(`test/warehouses/${warehouse}/conformance.test.ts`)).toContain(`conformance('${warehouse}'`);
  });

  it('names what it lacks as the suite does, with the reason', () => {
    const { lacks, cannotShow } = LIMITS[warehouse];
    const names = CHECKS.map(({ name }) => name);
    expect(Object.keys(lacks).filter((name) => !names.includes(name))).toEqual([]);
    for (const sentence of [...Object.values(lacks), ...cannotShow])
      expect(sentence).toMatch(/^[\p{Lu}`].*\.$/su);
  });
});
