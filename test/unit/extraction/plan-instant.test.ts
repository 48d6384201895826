import { expect, test } from 'vitest';
import { planInstant } from '../../../activities/extraction/plan-instant.ts';
import type { Ledger } from '../../../store/ledger.ts';

const AT = '2026-01-01 00:00:00.000000';

/** Plans an instant of one known part that holds more rows by now, 30 under each of two digits. */
async function planned(
  hasDigests: boolean,
): Promise<{ parts: number; dissolved: number; warnings: string[] }> {
  const warnings: string[] = [];
  let dissolved = 0;
  const ledger = {
    instantParts: {
      of: async () => [{ low: '0', high: '1', rows: 20, hasDigests }],
      dissolve: async (_holder: unknown, _run: string, _instant: string, parts: readonly unknown[]) =>
        void (dissolved = parts.length),
    },
    runs: { addWarning: async (_run: string, warning: string) => void warnings.push(warning) },
  } as unknown as Ledger;
  const { parts } = await planInstant(
    { sync: 's', run: 'r', epoch: 1, instant: AT, ceiling: 40, after: null },
    {
      ledger,
      holder: { sync: 's', epoch: 1, workflowRunId: 'w' },
      countByHash: async () =>
        new Map([
          ['0', 30],
          ['1', 30],
        ]),
    },
  );
  return { parts: parts.length, dissolved, warnings };
}

test('a part that outgrows a segment without its digests goes again whole, and the run says so', async () => {
  expect(await planned(false)).toEqual({
    parts: 2,
    dissolved: 1,
    warnings: [
      `1 parts of the instant ${AT} have changed, and \`digest_rows\` is too low to know their rows apart: all 20 rows of them are sent again.`,
    ],
  });
});

test('with its digests nothing is to be said', async () => {
  expect(await planned(true)).toEqual({ parts: 2, dissolved: 1, warnings: [] });
});
