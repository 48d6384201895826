import type { StandInLimits } from '../stand-in-limits.ts';

export const limits: StandInLimits = {
  server:
    'PostgreSQL 18, with a guard that fails on every statement that PostgreSQL takes and Redshift does not',
  lacks: {
    'expired-token': 'A Redshift login has no token that runs out.',
    reattach:
      'A retry reads its segment again: the warehouse keeps no result that a later connection could find.',
  },
  cannotShow: [
    "Redshift's own planner, sort keys and workload management: a queue that is full, a paused cluster, a workgroup that wakes up.",
    'SUPER itself: the stand-in has a type of its name and number whose values are text.',
    'Folding of quoted names: Redshift writes them in lower case unless the cluster is set otherwise.',
  ],
};
