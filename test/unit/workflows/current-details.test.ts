/** What operators read of a run in the Temporal UI. */
import { describe, expect, test } from 'vitest';
import { ERROR_RULES, ERROR_TYPES } from '../../../model/errors.ts';
import { NO_COUNTS } from '../../../model/run.ts';
import {
  type RunEnded,
  type RunUnderWay,
  endedDetails,
  heldDetails,
  runningDetails,
} from '../../../workflows/current-details.ts';

const NOW = Date.UTC(2026, 0, 31, 21, 50);

const underWay = (more: Partial<RunUnderWay> = {}): RunUnderWay => ({
  sync: 'app-events',
  route: 'cdi.app_events to the workspace demo',
  steps: [
    { text: 'upload (segment 2, 30,000 rows)', isInLedger: false },
    { text: 'extract (segment 3, up to 80,000 rows)', isInLedger: false },
  ],
  counts: { ...NO_COUNTS, read: 50_000, sent: 19_990, rejected: 10, requests: 267 },
  upper: '2026-01-31 21:49:00.000000',
  deliveredUpTo: '2026-01-05 12:00:49.750000',
  extent: { unit: 'rows', total: 100_000, isExact: false },
  partsDelivered: 1,
  began: NOW - 60_000,
  sentBefore: 0,
  dealtBefore: 0,
  now: NOW,
  ...more,
});

describe('a run under way', () => {
  test('says what runs, how far it is and when it ends', () => {
    expect(runningDetails(underWay()).split('\n')).toEqual([
      '### app-events: running, 20 % delivered',
      'cdi.app_events to the workspace demo',
      '',
      '- **Ends:** about 21:54:00 UTC; 80,000 of about 100,000 rows to go',
      '- **Under way:** upload (segment 2, 30,000 rows); extract (segment 3, up to 80,000 rows)',
      '- **Read:** 50,000 rows',
      '- **Sent:** 19,990 rows in 267 requests, 333 rows/s',
      '- **Rejected:** 10 rows',
      '- **Delivered up to:** 2026-01-05 12:00:49.750000; this run reads up to 2026-01-31 21:49:00.000000',
      '',
      expect.stringMatching(/^As of 2026-01-31 21:50:00 UTC, .*Pending Activities.* who must act\.$/),
    ]);
  });

  const endsWith = (more: Partial<RunUnderWay>): string | undefined =>
    /\*\*Ends:\*\* (.*)/.exec(runningDetails(underWay(more)))?.[1];

  test.each<[string, Partial<RunUnderWay>, string]>([
    ['nothing is counted', { extent: undefined }, 'not known yet'],
    [
      'everything is read',
      { extent: { unit: 'rows', total: 50_000, isExact: true } },
      'about 21:51:30 UTC; 30,000 of 50,000 rows to go',
    ],
    [
      'nothing is delivered',
      { counts: { ...NO_COUNTS, read: 20_000 } },
      'known once the first segment is delivered; 100,000 of about 100,000 rows to go',
    ],
    [
      'it ends on another day',
      { extent: { unit: 'rows', total: 5_000_000, isExact: false } },
      'about 2026-02-01 01:59 UTC; 4,980,000 of about 5,000,000 rows to go',
    ],
    [
      'more was read than was counted',
      { extent: { unit: 'rows', total: 40_000, isExact: false } },
      'about 21:51:30 UTC; 30,000 of about 50,000 rows to go',
    ],
    [
      'it goes on in a new execution: only what that one did tells its pace',
      { dealtBefore: 10_000 },
      'about 21:58:00 UTC; 80,000 of about 100,000 rows to go',
    ],
    [
      'nothing is left',
      { extent: { unit: 'rows', total: 0, isExact: true }, counts: NO_COUNTS },
      'at once; everything is delivered',
    ],
    [
      'a table is read whole',
      { extent: { unit: 'parts', total: 4, isExact: true } },
      'about 21:53:00 UTC; 3 of 4 parts of the table to go',
    ],
  ])('where %s', (_case, more, ends) => {
    expect(endsWith(more)).toBe(ends);
  });

  test('before it reads, says only what it does', () => {
    const details = runningDetails(
      underWay({
        route: undefined,
        began: undefined,
        upper: undefined,
        extent: undefined,
        steps: [{ text: 'testConnection (source of app-events)', isInLedger: false }],
      }),
    );
    expect(details).toMatch(
      /^### app-events: running\n\n- \*\*Under way:\*\* testConnection \(source of app-events\)\n\nAs of /,
    );
  });

  test('says who must act where a step waits for the ledger', () => {
    const waiting = { text: 'commitWatermark (segment 1)', isInLedger: true };
    expect(runningDetails(underWay({ steps: [waiting] }))).toMatch(
      /commitWatermark \(segment 1\) is no such activity.*the operator of this installation must act/,
    );
    expect(runningDetails(underWay())).not.toContain('ledger');
  });

  test('names rows that may be doubled', () => {
    const counts = { ...NO_COUNTS, possiblyDoubled: 1_500 };
    expect(runningDetails(underWay({ counts }))).toContain('up to 1,500 rows may have reached Braze twice');
  });
});

test('a held run says who must act, and both answers', () => {
  const details = heldDetails('leavers', 'cdi.leavers', 'It would send 12,000 rows; max_rows_per_run is 20.');
  for (const part of [
    '### leavers: held',
    'It would send 12,000 rows; max_rows_per_run is 20.',
    '**Who must act:** the data team',
    'cdi.leavers',
    '`cdi approve leavers`',
    '`cdi reject leavers`',
  ])
    expect(details).toContain(part);
});

describe('a run that ended', () => {
  const ended = (more: Partial<RunEnded> = {}, finished: Partial<RunEnded['finished']> = {}): string =>
    endedDetails({
      sync: 'app-events',
      run: 'run-1',
      failure: undefined,
      ...more,
      finished: {
        status: 'success',
        counts: { ...NO_COUNTS, read: 100, sent: 100, requests: 2 },
        watermark: '2026-01-05 12:00:49.750000',
        seconds: 4,
        warnings: [],
        ...finished,
      },
    });

  test('well says so, and that nobody must act', () => {
    expect(ended().split('\n')).toEqual([
      '### app-events: success',
      '',
      '- **What happened:** Every new row is delivered.',
      '- **Who must act:** nobody',
      '- **Read:** 100 rows',
      '- **Sent:** 100 rows in 2 requests, 25 rows/s',
      '- **Rejected:** 0 rows',
      '- **Delivered up to:** 2026-01-05 12:00:49.750000',
      '- **Took:** 4.0 s',
    ]);
    expect(ended({}, { counts: NO_COUNTS, watermark: null })).toContain('There was no new row.');
  });

  test('with rejected rows says how many, and what to do about them', () => {
    const counts = { ...NO_COUNTS, read: 100, sent: 98, rejected: 2 };
    const details = ended({}, { status: 'partial', counts, warnings: ['Something was odd.'] });
    for (const part of [
      '2 of 100 rows were rejected',
      '**Who must act:** the data team',
      '`cdi rejected app-events --run run-1`',
      '`cdi retry app-events`',
      '- **Warning:** Something was odd.',
    ])
      expect(details).toContain(part);
  });

  test('with nothing but rejected rows does not speak of others', () => {
    const counts = { ...NO_COUNTS, read: 1, rejected: 1 };
    expect(ended({}, { status: 'partial', counts })).toContain(
      'Every row that was read was rejected: 1 row.',
    );
  });

  test.each(ERROR_TYPES)('by %s says what failed, who must act and what to do', (type) => {
    const status = ERROR_RULES[type].outcome;
    const details = ended({ failure: { type, message: 'It broke.', code: '42P01' } }, { status });
    expect(details).toContain(`It broke. (\`${type}\`, code 42P01)`);
    expect(details).toContain(`**What to do:** ${ERROR_RULES[type].hint}`);
    expect(details).toMatch(
      /\*\*Who must act:\*\* (the data team|the Braze administrator|the operator of this installation|nobody)\n/,
    );
    expect(details.includes('`cdi run app-events`')).toBe(
      ERROR_RULES[type].audience !== 'nobody' && status !== 'cancelled',
    );
    expect(details).not.toContain('cdi rejected');
  });

  test('by an error after rows were rejected names them too', () => {
    const counts = { ...NO_COUNTS, read: 100, sent: 50, rejected: 2 };
    const details = ended(
      { failure: { type: 'catalog_full', message: 'Full.', code: null } },
      { status: 'config_error', counts },
    );
    expect(details).toContain('- **What failed:** Full. (`catalog_full`)\n');
    expect(details).toContain('**Rejected rows:** `cdi rejected app-events --run run-1`');
  });
});
