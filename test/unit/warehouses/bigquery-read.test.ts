import { describe, expect, test } from 'vitest';
import type { Page } from '../../../activities/warehouses/bigquery/query-jobs.ts';
import { readRows } from '../../../activities/warehouses/bigquery/read.ts';
import type { SourceRow } from '../../../model/row.ts';

const ROLES = ['updatedAt', 'externalId', 'payload', 'deleted'] as const;
const QUERY = { text: 'SELECT', params: {}, roles: ROLES };
const AT = '2026-01-01T00:00:00.000000Z';

type Values = (string | null)[];
const page = (rows: readonly Values[], next?: string): Page => ({
  rows: rows.map((values) => ({ f: values.map((v) => ({ v })) })),
  next,
});

/** A job whose pages are given. */
function jobOf(pages: readonly (Page | Error)[]) {
  const asked: { rows: number; at: string | undefined }[] = [];
  return {
    asked,
    begin: async () => 'id',
    page: async (_id: string, rows: number, at: string | undefined) => {
      const answer = pages[asked.length];
      asked.push({ rows, at });
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('No such page.');
      return answer;
    },
  };
}

async function all(job: ReturnType<typeof jobOf>): Promise<SourceRow[][]> {
  const groups: SourceRow[][] = [];
  for await (const group of readRows(job, QUERY)) groups.push(group);
  return groups;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('rows', () => {
  test('are made of what was selected; the rest of them is null', async () => {
    const values = [
      [AT, 'u1', '{"n":12.50}', 'true'],
      [AT, '', '', 'false'],
      [AT, null, null, null],
    ];
    const rows = (await all(jobOf([page(values)]))).flat();
    const none = { aliasName: null, aliasLabel: null, brazeId: null, email: null, phone: null, id: null };
    expect(rows).toEqual([
      { updatedAt: AT, externalId: 'u1', payload: '{"n":12.50}', deleted: true, ...none },
      { updatedAt: AT, externalId: '', payload: '', deleted: false, ...none },
      { updatedAt: AT, externalId: null, payload: null, deleted: null, ...none },
    ]);
  });

  test('of empty pages are no groups', async () => {
    const groups = await all(jobOf([page([], 'a'), page([[AT, 'u', '', null]], 'b'), page([])]));
    expect(groups.map((group) => group.length)).toEqual([1]);
  });
});

describe('pages', () => {
  const row = (characters: number): Values => [AT, 'u', 'x'.repeat(characters), null];

  test('are found one by the other, and are as many rows as make some megabytes', async () => {
    const short = Array.from({ length: 10 }, () => row(372));
    const long = Array.from({ length: 10 }, () => row(4 << 20));
    const job = jobOf([page(short, 'a'), page(long, 'b'), page([[null, null, null, null]], 'c'), page([])]);
    await all(job);
    expect(job.asked).toEqual([
      { rows: 1_000, at: undefined },
      { rows: Math.floor((4 << 20) / 400), at: 'a' },
      { rows: 1, at: 'b' },
      { rows: 20_000, at: 'c' },
    ]);
  });

  test('are asked for as at first where the one before was empty', async () => {
    const job = jobOf([page([row(4 << 20)], 'a'), page([], 'b'), page([])]);
    await all(job);
    expect(job.asked.map(({ rows }) => rows)).toEqual([1_000, 1, 1_000]);
  });

  test('are asked for one ahead, and not any more once nobody reads on', async () => {
    const job = jobOf(Array.from({ length: 9 }, (_, n) => page([row(1)], `page ${n}`)));
    const reading = readRows(job, QUERY);
    await reading.next();
    await settled();
    expect(job.asked).toHaveLength(2);
    await reading.next();
    await settled();
    expect(job.asked).toHaveLength(3);
    await reading.return(undefined);
    await settled();
    expect(job.asked).toHaveLength(3);
  });

  test('that fail ahead of their time are told when they are due, and to nobody who has left', async () => {
    const failing = () => jobOf([page([row(1)], 'a'), new Error('broken')]);
    const reading = readRows(failing(), QUERY);
    expect((await reading.next()).value).toHaveLength(1);
    await settled();
    await expect(reading.next()).rejects.toThrow('broken');
    const left = readRows(failing(), QUERY);
    await left.next();
    await settled();
    await left.return(undefined);
  });
});
