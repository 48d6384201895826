import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { StandInRow } from '../stand-in.ts';
import type { Theme } from './check.ts';
import { largeRow } from './large-table.ts';
import type { ReadReport, ReadTask } from './read-in-child.ts';
import { EVERYTHING, type Scene, plain, readAll } from './scene.ts';

const READER = fileURLToPath(new URL('read-in-child.ts', import.meta.url));
/** The payloads of the table alone hold more than twice as much: see `LARGE_TABLE_BYTES`. */
const MOST_LIVE_BYTES = 64 << 20;
/** Long enough for a server of this machine to send everything to a reader that does not hold it back. */
const PAUSE_MS = 1_500;

/** Reads in a process of its own, whose memory nothing else uses. */
async function readInChild(scene: Scene, task: ReadTask): Promise<ReadReport> {
  const child = spawn(process.execPath, ['--expose-gc', '--disable-warning=ExperimentalWarning', READER], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...scene.standIn.environment },
  });
  child.stdin.end(JSON.stringify(task));
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (said === '') throw new Error(`The reader failed: ${complaint.slice(-2_000)}`);
  return JSON.parse(said) as ReadReport;
}

export const memory: Theme = {
  title: 'Size',
  checks: [
    {
      name: 'memory',
      title: 'a table of 150 MB is read in bounded memory, however slowly its rows are taken',
      run: async (scene) => {
        const { mostRows, account } = scene.standIn;
        const source = await scene.large();
        const report = await readInChild(scene, {
          account,
          source,
          everyRows: Math.ceil(mostRows / 25),
          pauseMs: PAUSE_MS,
          pauseAtRows: [mostRows / 2],
        });
        const digits = Array.from({ length: mostRows }, (_, n) => String(n).length);
        const frame = largeRow(0, scene.largePayloadBytes).payload?.length ?? 0;
        expect(report).toMatchObject({
          rows: mostRows,
          payloadCharacters: digits.reduce((sum, length) => sum + frame - 1 + length, 0),
          isInOrder: true,
        });
        expect(report.peakBytes).toBeLessThan(MOST_LIVE_BYTES);
      },
    },
    {
      name: 'writes-meanwhile',
      title: 'rows that arrive during a read disturb none, and are found by the next',
      run: async (scene) => {
        const { standIn } = scene;
        const [count, payloadBytes] = [standIn.mostRows / 5, 500];
        const source = await standIn.createLargeTable(scene.newName(), count, payloadBytes);
        const last = largeRow(count - 1, payloadBytes);
        const upper = scene.expected(last).updatedAt;
        const early: StandInRow = { ...largeRow(0, 1), externalId: 'early' };
        const later: StandInRow = {
          ...last,
          updatedAt: '2026-02-01T00:00:00.000000000',
          externalId: 'later',
        };
        await using table = await scene.open(source);
        const seen = new Map<string, number>();
        let written = false;
        for await (const group of table.connection.read(
          source,
          table.columns,
          { ...EVERYTHING, to: upper },
          Infinity,
        )) {
          for (const { externalId } of group)
            seen.set(externalId ?? '', (seen.get(externalId ?? '') ?? 0) + 1);
          if (!written) await standIn.addRows(source, 'attributes', [early, later]);
          written = true;
        }
        seen.delete('early');
        expect(seen.size).toBe(count);
        expect([...seen.values()].every((times) => times === 1)).toBe(true);
        const rest = await readAll(table, { from: upper, inclusive: false, to: null });
        expect(rest.map(plain)).toEqual([scene.expected(later)]);
      },
    },
  ],
};
