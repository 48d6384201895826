import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatProblem } from '../../../client/definitions/definition-problem.ts';
import { loadDefinitions } from '../../../client/definitions/load-definitions.ts';
import { DATA_TYPES } from '../../../model/data-type.ts';

it('the examples are valid, without warnings, and show every data type', async () => {
  const loaded = await loadDefinitions(join(import.meta.dirname, '../../../examples/redshift'));
  if (!loaded.valid) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  expect(loaded.warnings).toEqual([]);
  expect(loaded.definitions.syncs.map(({ data_type }) => data_type).sort()).toEqual([...DATA_TYPES].sort());
});
