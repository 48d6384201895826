import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    'bqemulator 1.4.0 on DuckDB, behind a front that checks the login and speaks of jobs, quotas and page sizes as BigQuery does',
  lacks: {
    sessions:
      'The API has no sessions, and the driver keeps the idle connections of a process for whoever asks next.',
  },
  cannotShow: [
    'Grants, quotas and billing: the front refuses as the documentation says BigQuery does.',
    'What a JSON column does to numbers and to the order of its members: the emulator keeps their spelling, BigQuery does not.',
    'Which partitions a query scans, and tables that require a filter.',
    'Application default credentials of a machine in Google Cloud, and workload identity federation.',
  ],
};
