/** Tables, columns and views in the SQL of a warehouse. */
import { describe, expect, test } from 'vitest';
import type { DataType } from '../../../model/data-type.ts';
import { egressWords } from '../../../model/setup/egress-words.ts';
import type { SetupSource } from '../../../model/setup/setup-guide.ts';
import { type SqlDialect, columnRemedy, createTable } from '../../../model/setup/sql-dialect.ts';
import type { Column } from '../../../model/source-columns.ts';

const LOWER: SqlDialect = {
  quote: (name) => `<${name}>`,
  tableName: ({ schema }, table) => `<${schema}>.<${table}>`,
  columnCase: 'lower',
  types: { timestamp: 'TIME', identifier: 'ID', payload: 'TEXT', deleted: 'BOOL' },
  updatedAtRest: ' NOT NULL DEFAULT now',
  createTable: 'CREATE TABLE',
  tableRest: '\nSORTED',
  addColumn: 'ADD',
  grantSelect: (source, view) => `GRANT <${source.schema}>.<${view}>;`,
};
const UPPER: SqlDialect = { ...LOWER, columnCase: 'upper' };

const sourceOf = (dataType: DataType): SetupSource => ({ dataType, schema: 's', table: 't' });

/** Lines of a table's columns, and of the comments above them. */
function linesOf(dataType: DataType): { columns: string[]; comments: string[] } {
  const lines = createTable(LOWER, sourceOf(dataType)).split('\n');
  expect(lines[0]).toBe('CREATE TABLE <s>.<t> (');
  expect(lines.slice(-2)).toEqual([')', 'SORTED;']);
  const body = lines.slice(1, -2).map((line) => line.replace(/^ {2}/, ''));
  return {
    columns: body.filter((line) => !line.startsWith('--')),
    comments: body.filter((line) => line.startsWith('--')),
  };
}

const USER = [
  'updated_at TIME NOT NULL DEFAULT now,',
  'external_id ID,',
  'alias_name ID,',
  'alias_label ID,',
  'braze_id ID',
];

describe('a new table', () => {
  test.each(['attributes', 'events', 'purchases'] as const)('of %s', (dataType) => {
    const { columns, comments } = linesOf(dataType);
    expect(columns).toEqual([
      ...USER.slice(0, 4),
      'braze_id ID,',
      'email ID,',
      'phone ID,',
      'payload TEXT NOT NULL',
    ]);
    expect(comments).toEqual([
      expect.stringMatching(/ in UTC: /),
      expect.stringMatching(/^-- one identifier a row: EXTERNAL_ID, .* or PHONE$/),
      expect.stringMatching(/ both its name and its label$/),
      expect.stringMatching(/ never creates one$/),
      expect.stringMatching(/ EMAIL counts$/),
      expect.stringMatching(
        { attributes: /"first_name"/, events: /"name": "quiz_finished"/, purchases: /"product_id"/ }[
          dataType
        ],
      ),
    ]);
  });

  test('of user deletes has no payload, and says so', () => {
    const { columns, comments } = linesOf('user_deletes');
    expect(columns).toEqual(USER);
    expect(comments).toEqual([
      expect.stringMatching(/ in UTC: /),
      expect.stringMatching(/^-- whom to delete: .* or BRAZE_ID$/),
      expect.stringMatching(/ both its name and its label$/),
      expect.stringMatching(/^-- no PAYLOAD: /),
    ]);
  });

  test('of a catalog has rows that remove an item without a payload', () => {
    const { columns, comments } = linesOf('catalog');
    expect(columns).toEqual([
      'updated_at TIME NOT NULL DEFAULT now,',
      'id ID NOT NULL,',
      'payload TEXT,',
      'deleted BOOL',
    ]);
    expect(comments).toEqual([
      expect.stringMatching(/ in UTC: /),
      expect.stringMatching(/ 1 to 250 letters/),
      expect.stringMatching(/"Kettle"/),
      expect.stringMatching(/ the item is removed/),
    ]);
  });

  test('is spelled as the warehouse spells names', () => {
    expect(createTable(UPPER, sourceOf('catalog'))).toContain('\n  UPDATED_AT TIME NOT NULL');
  });
});

const column = (name: string, kind: Column['kind'] = 'text'): Column => ({ name, kind, type: 'any' });

describe('a table that does not fit', () => {
  const catalog = sourceOf('catalog');

  test('gets the columns that are missing, and no other', () => {
    const columns = [column('Updated_At', 'text'), column('deleted', 'boolean')];
    expect(columnRemedy(LOWER, 'column_missing', catalog, columns)).toEqual({
      text: expect.stringMatching(
        /^Add what is missing\. .* UPDATED_AT above all, .* to its SELECT instead\.$/,
      ) as string,
      sql: 'ALTER TABLE <s>.<t> ADD id ID;\nALTER TABLE <s>.<t> ADD payload TEXT;',
    });
  });

  test('is read through a view, each column as it is spelled', () => {
    const columns = [
      column('UPDATED_AT', 'text'),
      column('updated_at', 'timestamp'),
      column('Id', 'other'),
      column('payload', 'other'),
      column('PAYLOAD'),
      column('Deleted', 'boolean'),
      column('deleted', 'boolean'),
      column('other'),
    ];
    expect(columnRemedy(LOWER, 'column_type', catalog, columns)?.sql?.split('\n')).toEqual([
      'CREATE VIEW <s>.<t_for_braze> AS',
      'SELECT <UPDATED_AT>, CAST(<Id> AS ID) AS id, <PAYLOAD>, <Deleted>',
      'FROM <s>.<t>;',
      'GRANT <s>.<t_for_braze>;',
    ]);
    expect(columnRemedy(UPPER, 'column_type', catalog, columns)).toEqual({
      text:
        'Read through a view, and name it as `table` under `source` of the sync file: "t_FOR_BRAZE". Where a column is cast, ' +
        'look whether the values survive it.',
      sql: expect.stringContaining('CAST(<Id> AS ID) AS ID, <PAYLOAD>') as string,
    });
  });

  test('keeps in the view what fits, and leaves out what is not there', () => {
    const columns = [column('UPDATED_AT', 'text'), column('ID'), column('DELETED', 'boolean')];
    expect(columnRemedy(LOWER, 'column_type', catalog, columns)?.sql).toContain(
      'SELECT CAST(<UPDATED_AT> AS TIME) AS updated_at, <ID>, <DELETED>\n',
    );
  });

  test('gets nothing for an error that it does not have', () => {
    const missing = [column('UPDATED_AT', 'timestamp'), column('ID')];
    expect(columnRemedy(LOWER, 'column_type', catalog, missing)).toBeUndefined();
    expect(columnRemedy(LOWER, 'column_missing', catalog, missing)).toBeDefined();
    expect(columnRemedy(LOWER, 'column_missing', catalog, undefined)).toBeUndefined();
  });
});

test('addresses are named where they are known, and else how to come by them', () => {
  expect(egressWords(['203.0.113.7', '2001:db8::1'])).toBe(
    'The addresses of this installation: 203.0.113.7, 2001:db8::1.',
  );
  expect(egressWords([])).toMatch(
    /^The addresses .* are not known here\. .* prints the one .* knows them all\. Name them with `--egress ADDRESS`, .* are filled in\.$/,
  );
});
