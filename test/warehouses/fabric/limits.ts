import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    'pysqlbridge 2.1.3, given the types of Fabric, schemas and HASHBYTES, behind a front with its TLS and Entra login; oauth2-mock-server 8.2.3 as Entra',
  lacks: {
    reattach:
      'A retry reads its segment again: the warehouse keeps no result that a later connection could find.',
  },
  cannotShow: [
    'Permissions, roles of the workspace, and capacities: the front refuses as the documentation says Fabric does.',
    'How soon Fabric stops a query that is cancelled, and how long a capacity takes to be resumed.',
    'Collations other than the default, in which capitals count.',
  ],
};
