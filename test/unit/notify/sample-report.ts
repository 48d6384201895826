import type { RunReport } from '../../../notify/run-report.ts';
import { NO_COUNTS } from '../../../model/run.ts';

/** A run that sent all of its 1,200 rows. */
export const sampleReport: RunReport = {
  sync: 'users-attributes',
  run: '0198a6f2-1c5e-7d1f-a001-5b1f6c0d9e42',
  dataType: 'attributes',
  source: 'analytics.users',
  workspace: 'production',
  trigger: 'schedule',
  status: 'success',
  startedAt: new Date('2026-01-31T08:15:00.250Z'),
  finishedAt: new Date('2026-01-31T08:18:12.250Z'),
  counts: { ...NO_COUNTS, read: 1200, sent: 1200, requests: 16 },
  watermark: '2026-01-31 08:14:55.123456',
  error: null,
  held: null,
  rejections: [],
  futureRows: 0,
  nullTimestampRows: 0,
  unreadRows: 0,
  warnings: [],
  links: { temporal: 'http://localhost:8233/namespaces/default/workflows/sync%2Fusers-attributes' },
};

/** A run that waits for approval. */
export const heldReport: RunReport = {
  ...sampleReport,
  status: 'held',
  finishedAt: null,
  counts: NO_COUNTS,
  held: {
    rows: 12_345,
    deletes: 12_000,
    limits: { rows: 500_000_000, deletes: 10_000 },
    since: '2026-01-31T08:15:01.000Z',
    answer: null,
  },
};

/** A run that sent 988 rows of 1,000 and rejected 12 for two reasons. */
export const partialReport: RunReport = {
  ...sampleReport,
  status: 'partial',
  counts: { ...NO_COUNTS, read: 1000, sent: 988, rejected: 12, requests: 14 },
  rejections: [
    {
      code: 'identifier_missing',
      reason: 'The row names no user.',
      count: 2,
      examples: [{ updatedAt: '2026-01-31 08:00:01.000000', identifier: null }],
    },
    {
      code: 'payload_not_json',
      reason: 'PAYLOAD is not valid JSON.',
      count: 10,
      examples: [
        {
          updatedAt: '2026-01-31 08:00:00.000000',
          identifier: { column: 'EXTERNAL_ID', value: 'customer-4711' },
        },
        {
          updatedAt: '2026-01-31 08:00:00.500000',
          identifier: { column: 'EMAIL', value: 'jane.doe@shop.example' },
        },
      ],
    },
  ],
};

/** A run that the warehouse stopped before the first row. */
export const failedReport: RunReport = {
  ...sampleReport,
  status: 'config_error',
  counts: NO_COUNTS,
  watermark: null,
  error: {
    type: 'credentials_invalid',
    message: 'Redshift refused user cdi_reader.',
    vendorCode: '28P01',
  },
};
