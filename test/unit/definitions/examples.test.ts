import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../client/definitions/definition-problem.ts';
import { loadDefinitions } from '../../../client/definitions/load-definitions.ts';
import { DATA_TYPES } from '../../../model/data-type.ts';
import { WAREHOUSES } from '../../../model/warehouse-credentials.ts';

const folderOf = (warehouse: string): string => join(import.meta.dirname, '../../../examples', warehouse);

describe.each(WAREHOUSES)('the examples of %s', (warehouse) => {
  it('are valid, without warnings, and show every data type', async () => {
    const loaded = await loadDefinitions(folderOf(warehouse));
    if (!loaded.valid) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    expect(loaded.warnings).toEqual([]);
    const { credentials, syncs } = loaded.definitions;
    expect(credentials.map((credential) => credential.warehouse)).toEqual([warehouse]);
    expect(syncs.map(({ data_type: dataType }) => dataType).sort()).toEqual([...DATA_TYPES].sort());
  });

  it('have the same files as those of every other warehouse', () => {
    expect(readdirSync(folderOf(warehouse)).sort()).toEqual(readdirSync(folderOf('redshift')).sort());
  });
});
