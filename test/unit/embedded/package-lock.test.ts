import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';

const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string(), optionalDependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

/** npm leaves out of a lock what its registry could not show, and then `npm ci` refuses the lock. */
test('the lock names every optional package, those for other platforms too', async () => {
  const text = await readFile(fileURLToPath(new URL('../../../package-lock.json', import.meta.url)), 'utf8');
  const { packages } = lock.parse(JSON.parse(text));
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) =>
    Object.keys(optionalDependencies ?? {}),
  );
  const present = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  expect(wanted.filter((name) => !present.has(name))).toEqual([]);
});
