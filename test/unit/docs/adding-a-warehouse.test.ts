/** The recipe for a sixth warehouse holds for the five that are there: each file that it names exists for each of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { WAREHOUSES } from '../../../model/warehouse-credentials.ts';

const root = resolve(import.meta.dirname, '../../..');
const recipe = readFileSync(join(root, 'docs/adding-a-warehouse.md'), 'utf8');

/** Whatever is written as code and looks like a file or a folder of the project. */
const paths = [...recipe.matchAll(/`([\w.-]+(?:\/[\w.-]+)+|[A-Z]+\.md)`/g)].map(([, path]) => path ?? '');

it.each(WAREHOUSES)('every file that the recipe names is there for %s', (warehouse) => {
  expect(paths.length).toBeGreaterThan(20);
  const missing = paths
    .map((path) => path.replaceAll('NAME', warehouse))
    .filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

it('every list that the recipe names has a line for each warehouse', () => {
  const lists = paths.filter((path) => /\.(ts|md)$/.test(path) && !path.includes('NAME'));
  const named = lists.filter((path) => recipe.includes(`| \`${path}\` |`));
  expect(named).toContain('activities/warehouses/registry.ts');
  for (const path of named.filter((one) => one.endsWith('.ts'))) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const warehouse of WAREHOUSES)
      expect({ path, names: text.includes(warehouse) }).toEqual({ path, names: true });
  }
});
