import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    "Apache Spark 4.3.0, its Thrift server, behind a front that speaks TLS, checks the login and answers in the vendor's newer protocol",
  lacks: {
    reattach:
      'A retry reads its segment again: the warehouse keeps no result that a later connection could find.',
  },
  cannotShow: [
    'CloudFetch, by which results come from cloud storage.',
    "Unity Catalog: catalogs, and grants, which are the front's own.",
    "A SQL warehouse that starts up: the front answers as the vendor's does.",
  ],
};
