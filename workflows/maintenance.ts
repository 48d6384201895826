/** Runs every minute; see activities/maintain.ts. */
import type { Maintained } from '../activities/maintain.ts';
import { step } from './activity-options.ts';

export async function maintenance(): Promise<Maintained> {
  const maintained = await step('maintain', 'close, mirror, sweep');
  for (const run of maintained.closed) await step('notify', 'ended outside', run).catch(() => undefined);
  return maintained;
}
