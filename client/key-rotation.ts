import type { Command } from 'commander';
import type { CommandSurroundings } from './warehouse-commands.ts';

/** `cdi key rotate`. Other commands may have made `cdi key` already. */
export function addKeyRotation(program: Command, { inSession }: CommandSurroundings): void {
  const key =
    program.commands.find((command) => command.name() === 'key') ??
    program.command('key').description('keys');
  key
    .command('rotate')
    .description('a new encryption key, and the ledger encrypted under it, while runs go on')
    .option('--no-new-key', 'encrypt under the first key of the key file, which is there already')
    .action((options: { newKey: boolean }) =>
      inSession(async (session, output) => {
        const { rotateKey } = await import('./commands/rotate-key.ts');
        await rotateKey(session, output, options);
      }),
    );
}
