import { stopProcess, type StopStep } from '../embedded/server-process.ts';
import { lockHolder } from './home-lock.ts';
import { homeAt } from './home.ts';
import { stopLeftovers } from './stack.ts';

/** More than the graces of all its parts together. A supervisor that still runs then is left alone, and told of. */
export const SUPERVISOR_STOP: readonly StopStep[] = [['SIGTERM', 150_000]];

/**
 * `cdi down`: stops the `cdi up` of a home folder, in the background or not, and returns once all of it is gone.
 * What a killed one left running is stopped as well.
 * @returns whether there was anything to stop.
 */
export async function runDown(home: string, say: (line: string) => void): Promise<boolean> {
  const supervisor = await lockHolder(homeAt(home).lock);
  if (supervisor === undefined) return stopLeftovers(home, say);
  say(`Stopping process ${supervisor.pid} …`);
  await stopProcess(supervisor, SUPERVISOR_STOP);
  return true;
}
