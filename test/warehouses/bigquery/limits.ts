import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    'bqemulator 1.4.0 on DuckDB, behind a front that checks the login and speaks of jobs, quotas and page sizes as BigQuery does',
  lacks: {
    statements:
      'Nothing tells what this server takes and the warehouse does not; unit tests compare the SQL.',
  },
  cannotShow: ['Grants, quotas and billing: the front refuses as the documentation says BigQuery does.'],
};
