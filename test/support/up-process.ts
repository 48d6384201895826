/** Runs `runUp` as a process of its own: `node up-process.ts '{"home": …}'`, with `"daemon": true` in the background. */
import { z } from 'zod';
import { cacheFolder } from '../../client/embedded/temporal-cli.ts';
import { runUp } from '../../client/up/run-up.ts';

const options = z.object({
  home: z.string(),
  cliPath: z.string(),
  workerEntry: z.string(),
  temporalPort: z.int().default(0),
  uiPort: z.int().default(0),
  postgresPort: z.int().default(0),
  apiPort: z.int().default(0),
  daemon: z.boolean().default(false),
});

const { daemon, ...given } = options.parse(JSON.parse(process.argv[2] ?? '{}'));
const foreground = [import.meta.filename, JSON.stringify(given)];

try {
  await runUp({
    ...given,
    apiEntry: given.workerEntry,
    cacheFolder: cacheFolder(process.env),
    workerEnv: process.env,
    postgresSettings: { fsync: 'off' },
    say: (line) => void process.stdout.write(`${line}\n`),
    daemon: daemon ? foreground : undefined,
  });
} catch (error) {
  process.stdout.write(`failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
