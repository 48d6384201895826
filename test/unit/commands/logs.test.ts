/** Logs: of a run, and that they do not grow for ever. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLineOf, readableLine } from '../../../client/commands/log-line.ts';
import { showLogs } from '../../../client/commands/logs.ts';
import { readLog } from '../../../client/embedded/log-file.ts';
import { rotateLog } from '../../../client/embedded/rotate-log.ts';
import { syncOfWorkflow } from '../../../model/names.ts';
import type { Output } from '../../../client/output/output.ts';

const RUN = '0198a6f2-1c5e-7d1f-a001-5b1f6c0d9e42';
const line = (fields: object): string =>
  JSON.stringify({ level: 40, time: Date.UTC(2026, 0, 31), pid: 1, host: 'h', ...fields });

let folder: string;
let printed: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-logs-'));
  printed = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const output = (json = false): Output => ({
  json,
  interactive: false,
  print: (text) => void printed.push(text),
  say: () => undefined,
  progress: () => undefined,
});

describe('the lines of a run', () => {
  it.each([
    [{ run: RUN, msg: 'run ended' }, true],
    [{ runId: RUN, msg: 'of the SDK' }, true],
    [{ run: 'another', msg: `mentions ${RUN}` }, false],
    [{ msg: 'worker ready' }, false],
  ])('%j → %s', (fields, isIts) => {
    expect(isLineOf(line(fields), RUN)).toBe(isIts);
    expect(isLineOf(line(fields), RUN.slice(0, 8))).toBe(isIts);
    expect(isLineOf(line(fields), RUN.slice(0, 7))).toBe(false);
  });

  it('are readable, and what is no line of a log is left out', () => {
    const fields = { sync: 'users', run: RUN, msg: 'It failed.', activity: 'upload', attempt: 2 };
    expect(readableLine(line(fields))).toBe(
      '2026-01-31 00:00:00.000 warn  It failed. activity=upload attempt=2',
    );
    expect(isLineOf('Error: something', RUN)).toBe(false);
    expect(isLineOf('{"level":', RUN)).toBe(false);
  });

  it('come from old logs too, oldest first, or from standard input', async () => {
    await mkdir(join(folder, 'logs'));
    const write = (name: string, msg: string): Promise<void> =>
      writeFile(join(folder, 'logs', name), `${line({ run: RUN, msg })}\n${line({ run: 'other', msg })}\n`);
    await write('worker.log', 'third');
    await write('worker.log.1', 'second');
    await write('worker.log.10', 'first');
    await write('postgres.log', 'not of the worker');
    await showLogs(output(true), RUN, folder, undefined);
    expect(printed.map((text) => (JSON.parse(text) as { msg: string }).msg)).toEqual([
      'first',
      'second',
      'third',
    ]);

    printed = [];
    await showLogs(output(), RUN, folder, Readable.from([`${line({ run: RUN, msg: 'piped' })}\n`]));
    expect(printed).toEqual(['2026-01-31 00:00:00.000 warn  piped']);
    await expect(showLogs(output(), 'unknown-run', folder, undefined)).rejects.toMatchObject({ exitCode: 4 });
    await expect(showLogs(output(), RUN, join(folder, 'none'), undefined)).rejects.toMatchObject({
      exitCode: 2,
    });
  });

  it('name the sync that a workflow is of', () => {
    expect(syncOfWorkflow('sync/users-attributes')).toBe('users-attributes');
    expect(syncOfWorkflow('tick/users-attributes-2026-01-31T08:15:00Z')).toBe('users-attributes');
    expect(syncOfWorkflow('cdi/maintenance')).toBeUndefined();
    expect(syncOfWorkflow(undefined)).toBeUndefined();
  });
});

describe('a log that grows', () => {
  const limits = { bytes: 100, kept: 2 };
  const path = (): string => join(folder, 'worker.log');

  it('begins anew, and so many old ones are kept', async () => {
    for (const content of ['a', 'b', 'c', 'd']) {
      await writeFile(path(), content.repeat(100));
      expect(await rotateLog(path(), limits)).toBe(true);
    }
    expect((await readdir(folder)).toSorted()).toEqual(['worker.log', 'worker.log.1', 'worker.log.2']);
    expect(await readFile(path(), 'utf8')).toBe('');
    expect(await readFile(`${path()}.1`, 'utf8')).toBe('d'.repeat(100));
    expect(await readFile(`${path()}.2`, 'utf8')).toBe('c'.repeat(100));
  });

  it('stays as it is while it is small, or not there', async () => {
    expect(await rotateLog(path(), limits)).toBe(false);
    await writeFile(path(), 'x'.repeat(99));
    expect(await rotateLog(path(), limits)).toBe(false);
    expect(await readdir(folder)).toEqual(['worker.log']);
  });

  it('is written on by the process that has it open', async () => {
    const writer = spawn('sh', ['-c', `while read text; do echo "$text"; done >> '${path()}'`]);
    writer.stdin.write(`${'x'.repeat(120)}\n`);
    await expect.poll(async () => readLog(path(), 0)).toHaveLength(121);
    expect(await rotateLog(path(), limits)).toBe(true);
    writer.stdin.end('after\n');
    await once(writer, 'close');
    expect(await readFile(path(), 'utf8')).toBe('after\n');
  });

  it('is read from its beginning by who remembers a place beyond its end', async () => {
    await writeFile(path(), 'before');
    await rotateLog(path(), { bytes: 1, kept: 1 });
    await appendFile(path(), 'new');
    expect(await readLog(path(), 6)).toBe('new');
    expect(await readLog(path(), 3)).toBe('');
  });
});
