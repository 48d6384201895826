/** Which rejected rows of a user go out again: never over something newer, never one that may have been delivered. */
import { describe, expect, test } from 'vitest';
import { type ChoiceRules, chooseRows } from '../../../activities/retry/choose-rows.ts';
import { NONE_LEFT } from '../../../model/retry.ts';

interface Given {
  /** UPDATED_AT and content of each rejected row; a content that begins with `-` deletes. */
  readonly offered: readonly (readonly [at: string, content: string])[];
  /** The table's rows of the user. */
  readonly table: readonly (readonly [at: string, content: string])[];
  readonly rules?: Partial<ChoiceRules>;
}

const RULES: ChoiceRules = { asRejected: false, isAppended: false, deletes: false, isExamined: () => false };

function choose({ offered, table, rules }: Given): { sent: string[]; left: object } {
  const instants = new Set(offered.map(([at]) => at));
  const here = table.filter(([at]) => instants.has(at));
  const others = table.map(([at]) => at).filter((at) => !instants.has(at));
  const { send, left } = chooseRows(
    offered.map(([at, content], id) => ({
      id,
      at,
      digest: content,
      isDelete: content.startsWith('-'),
      row: content,
    })),
    {
      at: Map.groupBy(
        here.map(([at, content]) => ({
          at,
          digest: content,
          isDelete: content.startsWith('-'),
          row: content,
        })),
        ({ at }) => at,
      ),
      newestOther: others.sort().at(-1) ?? null,
    },
    { ...RULES, ...rules },
  );
  return {
    sent: send.map(({ id, row }) => `${id}:${row}`),
    left: Object.fromEntries(Object.entries(left).filter(([, count]) => count > 0)),
  };
}

const appended = { isAppended: true };
const asRejected = { asRejected: true };

describe('as they are in the table', () => {
  test.each<Given & { name: string; sent: string[]; left: object }>([
    { name: 'unchanged', offered: [['1', 'a']], table: [['1', 'a']], sent: ['0:a'], left: {} },
    { name: 'changed', offered: [['1', 'a']], table: [['1', 'b']], sent: ['0:b'], left: {} },
    { name: 'gone', offered: [['1', 'a']], table: [], sent: [], left: { gone: 1 } },
    {
      name: 'overtaken',
      offered: [['1', 'a']],
      table: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      sent: [],
      left: { newer: 1 },
    },
    {
      name: 'older rows do not matter',
      offered: [['2', 'b']],
      table: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      sent: ['0:b'],
      left: {},
    },
    {
      name: 'overtaken only by rejected rows that go, too',
      offered: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      table: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      sent: ['0:a', '1:b'],
      left: {},
    },
    {
      name: 'overtaken by a delivered row that shares the instant of a rejected one',
      offered: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      table: [
        ['1', 'a'],
        ['2', 'b'],
        ['2', 'delivered'],
      ],
      sent: ['1:b'],
      left: { newer: 1 },
    },
    {
      name: 'events are never overtaken',
      offered: [['1', 'a']],
      table: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      rules: appended,
      sent: ['0:a'],
      left: {},
    },
    {
      name: 'a tie that was delivered stays as it is',
      offered: [['1', 'a']],
      table: [
        ['1', 'a'],
        ['1', 'delivered'],
      ],
      rules: appended,
      sent: ['0:a'],
      left: {},
    },
    {
      name: 'changed among ties: which one was rejected cannot be told',
      offered: [['1', 'a']],
      table: [
        ['1', 'b'],
        ['1', 'delivered'],
      ],
      rules: appended,
      sent: [],
      left: { ambiguous: 1 },
    },
    {
      name: 'identical rows are kept apart',
      offered: [
        ['1', 'a'],
        ['1', 'a'],
      ],
      table: [['1', 'a']],
      rules: appended,
      sent: ['0:a'],
      left: { gone: 1 },
    },
    {
      name: 'changed where ordinary runs look at each row',
      offered: [
        ['1', 'a'],
        ['2', 'b'],
      ],
      table: [
        ['1', 'changed'],
        ['2', 'changed'],
      ],
      rules: { isAppended: true, isExamined: (at) => at === '2' },
      sent: ['0:changed'],
      left: { newer: 1 },
    },
    {
      name: 'a delete is not asked for',
      offered: [['1', '-a']],
      table: [['1', '-a']],
      sent: [],
      left: { deletes: 1 },
    },
    {
      name: 'a row that deletes by now',
      offered: [['1', 'a']],
      table: [['1', '-b']],
      sent: [],
      left: { deletes: 1 },
    },
    {
      name: 'a delete that is asked for',
      offered: [['1', '-a']],
      table: [['1', '-a']],
      rules: { deletes: true },
      sent: ['0:-a'],
      left: {},
    },
    {
      name: 'a delete that stays blocks what is older',
      offered: [
        ['1', 'a'],
        ['2', '-b'],
      ],
      table: [
        ['1', 'a'],
        ['2', '-b'],
      ],
      sent: [],
      left: { newer: 1, deletes: 1 },
    },
  ])('$name', ({ sent, left, ...given }) => {
    expect(choose(given)).toEqual({ sent, left });
  });
});

describe('as they were rejected', () => {
  test.each<Given & { name: string; sent: string[]; left: object }>([
    { name: 'still there', offered: [['1', 'a']], table: [['1', 'a']], sent: ['0:a'], left: {} },
    { name: 'gone from the table', offered: [['1', 'a']], table: [], sent: ['0:a'], left: {} },
    { name: 'changed', offered: [['1', 'a']], table: [['1', 'b']], sent: [], left: { newer: 1 } },
    {
      name: 'changed, of events',
      offered: [['1', 'a']],
      table: [['1', 'b']],
      rules: appended,
      sent: ['0:a'],
      left: {},
    },
    { name: 'overtaken', offered: [['1', 'a']], table: [['2', 'b']], sent: [], left: { newer: 1 } },
    {
      name: 'overtaken, of events',
      offered: [['1', 'a']],
      table: [['2', 'b']],
      rules: appended,
      sent: ['0:a'],
      left: {},
    },
    {
      name: 'a delete is asked for by itself',
      offered: [['1', '-a']],
      table: [],
      sent: [],
      left: { deletes: 1 },
    },
  ])('$name', ({ sent, left, rules, ...given }) => {
    expect(choose({ ...given, rules: { ...rules, ...asRejected } })).toEqual({ sent, left });
  });
});

test('nothing offered, nothing sent', () => {
  expect(chooseRows([], { at: new Map(), newestOther: '9' }, RULES)).toEqual({ send: [], left: NONE_LEFT });
});
