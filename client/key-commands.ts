/** The commands about keys of the HTTP API: `cdi key`. */
import type { Command } from 'commander';
import { list } from './repeated-options.ts';
import type { CommandSurroundings } from './warehouse-commands.ts';

/** @param key the command `cdi key` */
export function addKeyCommands(key: Command, { inSession }: Pick<CommandSurroundings, 'inSession'>): void {
  key
    .command('add')
    .description('make a key of the HTTP API; it is printed once')
    .argument('<name>', 'whose it is, or what for')
    .option('--permission <name>', 'what it may do, or `all`; may be repeated', list, [])
    .action((name: string, options: { permission: string[] }) =>
      inSession(async (session, output) => {
        const { addKey } = await import('./commands/key.ts');
        await addKey(session, output, name, options.permission);
      }),
    );

  key
    .command('list')
    .description('the keys of the HTTP API, never their secrets')
    .action(() =>
      inSession(async (session, output) => {
        const { listKeys } = await import('./commands/key.ts');
        await listKeys(session, output);
      }),
    );

  key
    .command('revoke')
    .description('end a key of the HTTP API at once, and the sessions opened with it')
    .argument('<name>')
    .action((name: string) =>
      inSession(async (session, output) => {
        const { revokeKey } = await import('./commands/key.ts');
        await revokeKey(session, output, name);
      }),
    );
}
