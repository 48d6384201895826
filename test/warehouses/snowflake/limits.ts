import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    "fakesnow 0.12.1 on DuckDB, behind a front that gives it the vendor's logins, result chunks, asynchronous queries and cancellation",
  lacks: {
    statements:
      'Nothing tells what this server takes and the warehouse does not; unit tests compare the SQL.',
  },
  cannotShow: [
    'Roles, grants and resource monitors: the front refuses as the documentation says Snowflake does.',
    'The sizes of result chunks, which the warehouse chooses.',
  ],
};
