/** `cdi backup` and `cdi restore`: the ledger in one file, and back. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { ScheduleNotFoundError } from '@temporalio/client';
import { CdiError } from '../../model/errors.ts';
import { scheduleId } from '../../model/names.ts';
import { backupLedger } from '../../store/backup.ts';
import type { Restored, RestoredSync } from '../../store/restore.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';

/**
 * Writes the ledger as of one moment into a file, while runs go on. Nothing in it is decrypted: the key file is to be
 * kept apart from it.
 *
 * @throws CommandError `usage` where the file cannot be written
 */
export async function backup(session: Session, output: Output, file: string): Promise<void> {
  await session.ledger.migrate();
  const keys = [...(await session.ledger.sealedValues.countByKey()).keys()].sort();
  const draft = `${file}.${process.pid}`;
  const gzip = createGzip();
  const disk = createWriteStream(draft, { flags: 'wx', mode: 0o600 });
  const written = finished(gzip.pipe(disk));
  // It is awaited below; a failure before that is no unhandled one.
  written.catch(() => undefined);
  gzip.on('error', () => undefined);
  disk.on('error', (error) => gzip.destroy(error));
  try {
    const { madeAt, rows } = await backupLedger(session.settings.ledgerUrl, keys, (line) => put(gzip, line));
    gzip.end();
    await written;
    await rename(draft, file);
    const count = Object.values(rows).reduce((sum, number) => sum + number, 0);
    output.print(
      output.json
        ? JSON.stringify({ file, madeAt, rows, keys })
        : `${file}: the ledger as of ${madeAt}, ${count.toLocaleString('en-US')} rows. ` +
            'Keep the key file apart from it: without it the secrets in it cannot be read.',
    );
  } catch (error) {
    gzip.destroy();
    disk.destroy();
    await rm(draft, { force: true });
    throw asUsage(error, file);
  }
}

async function put(gzip: ReturnType<typeof createGzip>, line: string): Promise<void> {
  if (gzip.destroyed) throw gzip.errored ?? new Error('The file is closed.');
  if (gzip.write(line)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (end: () => void) => (): void => {
      gzip.off('drain', onDrain).off('close', onClose);
      end();
    };
    const onDrain = settle(resolve);
    const onClose = settle(() => reject(gzip.errored ?? new Error('The file is closed.')));
    gzip.once('drain', onDrain).once('close', onClose);
  });
}

export interface RestoreCommandOptions {
  readonly replace: boolean;
}

/**
 * Puts a backup into an empty ledger, or in the place of one that is in use, pauses every schedule, and says what goes
 * again.
 *
 * @throws CommandError `usage` where the file is no whole backup, or the ledger is in use; nothing is changed then
 */
export async function restore(
  session: Session,
  output: Output,
  file: string,
  { replace }: RestoreCommandOptions,
): Promise<void> {
  await session.ledger.migrate();
  const source = createReadStream(file);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  let restored: Restored;
  try {
    restored = await session.ledger.restore(linesOf(source.pipe(gunzip)), {
      replace,
      pauseNote: (madeAt) => pauseNote(madeAt),
    });
  } catch (error) {
    throw asUsage(error, file);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
  const { head, syncs } = restored;
  const unpaused = await pauseSchedules(session, restored);
  const missing = head.keys.filter((key) => !session.keyring.ids.includes(key));
  if (output.json) {
    output.print(
      JSON.stringify({
        madeAt: head.madeAt,
        rows: restored.end.rows,
        syncs,
        missingKeys: missing,
        schedulesPaused: !unpaused,
      }),
    );
    return;
  }
  output.print(explain(restored));
  if (unpaused)
    output.say(
      'Temporal does not answer: pause the schedules there, or let `cdi up` make them anew, paused.',
    );
  for (const key of missing)
    output.say(`The key ${key} is not at hand: put it into the key file, or apply the secrets again.`);
}

/** The lines of a stream; what goes wrong with it, also before the first of them is asked for, is thrown among them. */
function linesOf(stream: NodeJS.ReadableStream): AsyncIterable<string> {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  stream.on('error', failed.reject);
  return (async function* () {
    const lines = createInterface({ input: stream, crlfDelay: Infinity })[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), failed.promise]);
      if (done === true) return;
      yield value;
    }
  })();
}

const pauseNote = (madeAt: string): string =>
  `Restored from the backup of ${madeAt}: what was delivered after it goes again. Resume it when that is right.`;

/** @returns whether Temporal could not be told */
async function pauseSchedules(session: Session, { head, syncs }: Restored): Promise<boolean> {
  try {
    const { schedule } = await session.temporal();
    for (const { name } of syncs) {
      await schedule
        .getHandle(scheduleId(name))
        .pause(pauseNote(head.madeAt))
        .catch((error: unknown) => {
          if (!(error instanceof ScheduleNotFoundError)) throw error;
        });
    }
    return false;
  } catch {
    return true;
  }
}

function explain({ head, syncs }: Restored): string {
  const what = (dataType: string): string =>
    dataType === 'events' || dataType === 'purchases'
      ? 'Braze counts them twice'
      : 'harmless, but for operators such as inc';
  const meanwhile = ({ watermark, watermarkBefore }: RestoredSync): string => {
    if (watermarkBefore === undefined || watermarkBefore === null) return 'unknown';
    return watermarkBefore === watermark ? 'rows that came in late, at most' : `up to ${watermarkBefore}`;
  };
  return [
    `The ledger is that of ${head.madeAt}. Every schedule is paused: \`cdi resume NAME\` lets one go.`,
    'What was delivered after the backup goes again, from the watermark on:',
    '',
    table(
      ['Sync', 'Watermark', 'Delivered since', 'What goes twice'],
      syncs.map((sync) => [sync.name, sync.watermark ?? 'none', meanwhile(sync), what(sync.dataType)]),
    ),
    '',
    'Rejected rows, corrections and runs since then are not on record. Where Braze must not count twice, bring the table',
    'in line first, or delete the sync and apply it under a new name with a later `start_from`.',
  ].join('\n');
}

/** Codes of the file system and of zlib; others are those of the ledger. */
const OF_THE_FILE = /^(ENOENT|ENOTDIR|EISDIR|EACCES|EPERM|EROFS|EEXIST|ENOSPC|EDQUOT|Z_[A-Z_]+)$/;

function asUsage(error: unknown, file: string): unknown {
  if (error instanceof CdiError && error.type === 'invalid_definition')
    return new CommandError(EXIT.usage, `${file}: ${error.message}`);
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (typeof code === 'string' && OF_THE_FILE.test(code))
    return new CommandError(EXIT.usage, `${file} cannot be used (${code}). Nothing was changed.`);
  return error;
}
