/** Every shape of history that is recorded and replayed; a file of this name lies beside this one. */
export const REPLAY_SHAPES = [
  'empty',
  'small',
  'large',
  'partial',
  'failed',
  'refused',
  'cancelled',
  'continued-first',
  'continued-last',
  'superseded',
  'scheduled',
  'skipped',
  'maintenance',
  'test-sync',
  'test-credential',
] as const;
export type ReplayShape = (typeof REPLAY_SHAPES)[number];
