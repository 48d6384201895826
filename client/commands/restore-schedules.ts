/** What `cdi up` does before its worker starts: migrates the ledger and brings Temporal in line with it. */
import { readFile } from 'node:fs/promises';
import { Session } from '../session.ts';
import type { Services } from '../up/stack.ts';
import { restoreAllSchedules } from './apply-schedule.ts';
import { ensureSearchAttributes } from './ensure-search-attributes.ts';

export async function restoreSchedules(
  services: Services,
  say: (line: string) => void,
  queuePrefix?: string,
): Promise<void> {
  const session = new Session({
    ledgerUrl: services.postgresUrl,
    keys: await readFile(services.keyFile, 'utf8'),
    connectionOptions: { address: services.temporalAddress },
    namespace: services.temporalNamespace,
    queuePrefix,
  });
  try {
    await session.ledger.migrate();
    await ensureSearchAttributes(session);
    const created = await restoreAllSchedules(session);
    if (created > 0 && services.rebuilt) say(`Rebuilt ${created} schedules from the ledger.`);
  } finally {
    await session.close();
  }
}
