/** The commands for those who keep an installation running, over the years and through changes. */
import type { Command } from 'commander';
import { addKeyRotation } from './key-rotation.ts';
import type { CommandSurroundings } from './warehouse-commands.ts';

export function addOperationCommands(program: Command, surroundings: CommandSurroundings): void {
  addMigrate(program, surroundings);
  addKeyRotation(program, surroundings);
  addBackup(program, surroundings);
  addVerify(program, surroundings);
  addDoctor(program, surroundings);
}

function addMigrate(program: Command, { env, output }: CommandSurroundings): void {
  program
    .command('migrate')
    .description("write a sync file for each integration of Braze's own Cloud Data Ingestion")
    .argument('<dir>', 'folder of the files; files of a former call get their new `start_from`')
    .requiredOption('--endpoint <url>', 'REST endpoint of the Braze instance')
    .option(
      '--api-key <reference>',
      'key with cdi.integration_list and cdi.integration_job_status, as ${env:NAME} or ${file:PATH}',
      '${env:BRAZE_CDI_KEY}',
    )
    .option('--workspace <name>', 'workspace that the syncs belong to')
    .action(async (dir: string, options: { endpoint: string; apiKey: string; workspace?: string }) => {
      const { migrateHosted } = await import('./commands/migrate.ts');
      await migrateHosted(output(), dir, { ...options, env });
    });
}

function addBackup(program: Command, { inSession }: CommandSurroundings): void {
  program
    .command('backup')
    .description('write the ledger into one file, while runs go on; the key file is not in it')
    .argument('<file>')
    .action((file: string) =>
      inSession(async (session, output) => {
        const { backup } = await import('./commands/backup.ts');
        await backup(session, output, file);
      }),
    );

  program
    .command('restore')
    .description('put a backup into an empty ledger; pauses every schedule and says what goes again')
    .argument('<file>', 'as `cdi backup` wrote it')
    .option('--replace', 'in the place of a ledger that is in use', false)
    .action((file: string, options: { replace: boolean }) =>
      inSession(async (session, output) => {
        const { restore } = await import('./commands/backup.ts');
        await restore(session, output, file, options);
      }),
    );
}

function addVerify(program: Command, { inSession }: CommandSurroundings): void {
  program
    .command('verify')
    .description('rows in the table against rows delivered, rejected and waiting')
    .argument('<sync>')
    .option('--from <time>', 'UTC time of UPDATED_AT; widened to where a run began')
    .option('--to <time>', 'UTC time of UPDATED_AT; widened to where a run ended')
    .action((sync: string, options: { from?: string; to?: string }) =>
      inSession(async (session, output) => {
        const { verifyOneSync } = await import('./commands/verify.ts');
        await verifyOneSync(session, output, sync, options);
      }),
    );
}

function addDoctor(program: Command, { inSession }: CommandSurroundings): void {
  program
    .command('doctor')
    .description('looks at every part of the installation, and says what to do about what is wrong')
    .action(() =>
      inSession(async (session, output) => {
        const { doctor } = await import('./commands/doctor.ts');
        await doctor(session, output);
      }),
    );
}
