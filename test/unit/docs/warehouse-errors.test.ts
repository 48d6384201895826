/** docs/warehouse-errors.md says what `cdi test` prints; where no stand-in makes the situation, the driver's error is put in here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CdiError } from '../../../model/errors.ts';
import { WAREHOUSES } from '../../../model/warehouse-credentials.ts';
import { renderFindings } from '../../warehouses/findings-page.ts';
import { FINDINGS } from '../../warehouses/findings.ts';
import { LIMITS } from '../../warehouses/limits.ts';

it('is as `npm run docs` writes it', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/warehouse-errors.md'), 'utf8');
  expect(page).toBe(await renderFindings());
});

describe.each(WAREHOUSES)('%s', (warehouse) => {
  const findings = FINDINGS[warehouse];

  it('has a wrong password, a missing grant and a warehouse that cannot work, each made by the suite', () => {
    const shown = findings.map((finding) => finding.shown);
    for (const situation of ['wrong_password', 'permission_denied', 'warehouse_busy'] as const) {
      expect(shown).toContain(situation);
      expect(LIMITS[warehouse].lacks).not.toHaveProperty(situation.replaceAll('_', '-'));
    }
  });

  it('says what happened, with the code of the vendor, and nothing that it said', () => {
    for (const { shown, type, message, code } of findings) {
      if (typeof shown === 'string') continue;
      const error = shown();
      expect(error).toBeInstanceOf(CdiError);
      expect(error).toMatchObject({ type, message, vendorCode: code });
    }
  });
});
