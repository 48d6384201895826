import { describe, expect, test } from 'vitest';
import { type Column, type ColumnKind, columnFaults, resolveColumns } from '../../../model/source-columns.ts';

const column = (name: string, kind: ColumnKind = 'text', type: string = kind): Column => ({
  name,
  kind,
  type,
});
const updatedAt = column('updated_at', 'timestamp');

describe('columns', () => {
  test('are matched without regard to case, extra ones are ignored', () => {
    const found = resolveColumns('attributes', [
      updatedAt,
      column('External_Id'),
      column('PAYLOAD'),
      column('audit', 'other'),
    ]);
    expect(found).toEqual({ updatedAt, externalId: column('External_Id'), payload: column('PAYLOAD') });
  });

  test.each([
    ['attributes', [column('external_id'), column('payload')], /UPDATED_AT/],
    ['attributes', [updatedAt, column('external_id')], /PAYLOAD/],
    ['attributes', [updatedAt, column('payload')], /identifier column/],
    ['attributes', [updatedAt, column('payload'), column('alias_name')], /ALIAS_LABEL/],
    ['user_deletes', [updatedAt, column('email')], /EXTERNAL_ID, ALIAS_NAME, ALIAS_LABEL, BRAZE_ID\.$/],
    ['catalog', [updatedAt, column('payload')], /column ID/],
    ['catalog', [updatedAt, column('id')], /PAYLOAD/],
  ] as const)('a missing one of %s is named', (dataType, columns, message) => {
    expect(() => resolveColumns(dataType, columns)).toThrow(
      expect.objectContaining({ type: 'column_missing', message: expect.stringMatching(message) as string }),
    );
  });

  test('PAYLOAD is forbidden for user deletes', () => {
    expect(() =>
      resolveColumns('user_deletes', [updatedAt, column('external_id'), column('Payload')]),
    ).toThrow(
      expect.objectContaining({
        type: 'column_forbidden',
        message: expect.stringContaining('PAYLOAD') as string,
      }),
    );
  });

  test.each([
    [
      'UPDATED_AT',
      [column('updated_at', 'text', 'varchar'), column('external_id'), column('payload')],
      'attributes',
    ],
    ['PAYLOAD', [updatedAt, column('external_id'), column('payload', 'boolean')], 'events'],
    ['DELETED', [updatedAt, column('id'), column('payload'), column('deleted', 'text')], 'catalog'],
  ] as const)('a wrong type of %s is named', (name, columns, dataType) => {
    expect(() => resolveColumns(dataType, columns)).toThrow(
      expect.objectContaining({
        type: 'column_type',
        message: expect.stringMatching(new RegExp(name, 'i')) as string,
      }),
    );
  });

  test.each([
    [
      'UPDATED_AT',
      'attributes',
      [column('UPDATED_AT', 'text', 'varchar'), column('external_id'), column('payload')],
      'The column UPDATED_AT is of type varchar; it must be a timestamp.',
    ],
    [
      'PAYLOAD',
      'events',
      [updatedAt, column('external_id'), column('payload', 'integer', 'int4')],
      'The column payload is of type int4; it must be text or JSON.',
    ],
    [
      'an identifier',
      'user_deletes',
      [updatedAt, column('external_id', 'boolean', 'bool')],
      'The column external_id is of type bool; it must be text.',
    ],
    [
      'ID',
      'catalog',
      [updatedAt, column('id', 'json', 'super'), column('payload')],
      'The column id is of type super; it must be text.',
    ],
    [
      'DELETED',
      'catalog',
      [updatedAt, column('id'), column('payload'), column('deleted', 'integer', 'int2')],
      'The column deleted is of type int2; it must be a boolean.',
    ],
    [
      'PAYLOAD, twice',
      'events',
      [updatedAt, column('external_id'), column('payload'), column('Payload')],
      'The source has several columns named PAYLOAD that differ only in case.',
    ],
  ] as const)('the message says which type %s must have', (_name, dataType, columns, message) => {
    expect(() => resolveColumns(dataType, columns)).toThrow(
      expect.objectContaining({ type: 'column_type', message }),
    );
  });

  test('a catalog may have numbers for ids, JSON payloads, and marks of what is deleted', () => {
    const [id, payload, deleted] = [
      column('id', 'integer'),
      column('payload', 'json'),
      column('deleted', 'boolean'),
    ];
    expect(resolveColumns('catalog', [updatedAt, id, payload, deleted])).toEqual({
      updatedAt,
      id,
      payload,
      deleted,
    });
  });

  test('two columns that differ only in case: the one spelled as documented is meant, else it is an error', () => {
    const rest = [updatedAt, column('external_id')];
    expect(resolveColumns('events', [...rest, column('payload'), column('PAYLOAD', 'json')]).payload).toEqual(
      column('PAYLOAD', 'json'),
    );
    expect(() => resolveColumns('events', [...rest, column('payload'), column('Payload')])).toThrow(
      expect.objectContaining({ type: 'column_type' }),
    );
  });
});

describe('all faults of a table', () => {
  const faults = (...args: Parameters<typeof columnFaults>) =>
    columnFaults(...args).map(({ type, role }) => `${type} ${role}`);

  test('are told at once, each with its column', () => {
    expect(faults('attributes', [column('alias_label')])).toEqual([
      'column_missing updatedAt',
      'column_missing payload',
      'column_missing aliasName',
    ]);
    expect(
      faults('events', [column('updated_at'), column('alias_name'), column('phone', 'boolean')]),
    ).toEqual([
      'column_type updatedAt',
      'column_type phone',
      'column_missing payload',
      'column_missing aliasLabel',
    ]);
    expect(faults('user_deletes', [column('payload'), column('email')])).toEqual([
      'column_missing updatedAt',
      'column_forbidden payload',
      'column_missing externalId',
    ]);
    expect(faults('catalog', [])).toEqual([
      'column_missing updatedAt',
      'column_missing id',
      'column_missing payload',
    ]);
  });

  test('are none where a data type can read it, whatever else it holds', () => {
    expect(faults('user_deletes', [updatedAt, column('external_id'), column('email', 'other')])).toEqual([]);
    expect(faults('catalog', [updatedAt, column('id'), column('payload'), column('alias_name')])).toEqual([]);
  });
});
