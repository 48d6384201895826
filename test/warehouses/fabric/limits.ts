import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    'pysqlbridge 2.1.3 behind a front that checks the Entra login, and oauth2-mock-server 8.2.3 as Entra',
  lacks: {
    statements:
      'Nothing tells what this server takes and the warehouse does not; unit tests compare the SQL.',

    reattach:
      'A retry reads its segment again: the warehouse keeps no result that a later connection could find.',
    hash: 'The server has no HASHBYTES; a unit test compares the SQL.',
    share: 'The server has no HASHBYTES; a unit test compares the SQL.',
    users: 'The server has no HASHBYTES; a unit test compares the SQL.',
  },
  cannotShow: [
    'Permissions and throttling: the front refuses as the documentation says Fabric does.',
    '`datetime2` on the wire.',
  ],
};
