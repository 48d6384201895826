/** The watch that `cdi up` runs in its own process: it notices when the worker does nothing. */
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import type { WatchSettings } from '../../model/settings.ts';
import { Session } from '../session.ts';
import type { Services } from '../up/stack.ts';
import { startWatch } from './watch.ts';

/**
 * @param logFile file that its lines are appended to
 * @returns a function that ends it
 */
export async function watchServices(
  services: Services,
  settings: WatchSettings,
  logFile: string,
): Promise<() => Promise<void>> {
  const session = new Session({
    ledgerUrl: services.postgresUrl,
    keys: await readFile(services.keyFile, 'utf8'),
    keyFile: services.keyFile,
    connectionOptions: { address: services.temporalAddress },
    namespace: services.temporalNamespace,
    temporalUi: services.uiUrl,
  });
  const log = pino(
    { base: { pid: process.pid } },
    pino.destination({ dest: logFile, append: true, mode: 0o600 }),
  );
  log.info('watch ready');
  const stop = startWatch(session, settings, log);
  return async () => {
    await stop();
    await session.close();
    log.info('watch stopped');
  };
}
