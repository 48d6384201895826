import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    "fakesnow 0.12.1 on DuckDB 2.0.1, behind a front that gives it the vendor's logins, roles, result chunks, asynchronous queries and cancellation, and that refuses what Snowflake refuses",
  lacks: {},
  cannotShow: [
    'Roles, grants, network policies and resource monitors: the front refuses as the documentation says Snowflake does.',
    'The sizes of result chunks, which the warehouse chooses: up to 48 MB each, of which three lie in memory at most.',
    'Whether a statement that reads no row notices a virtual warehouse that is suspended and does not resume by itself.',
  ],
};
