import { expect, it } from 'vitest';
import { DATA_TYPES, isReplaced } from '../../../model/data-type.ts';

it('what a user or an item is gets replaced by later rows; what happened, and a delete, does not', () => {
  expect(DATA_TYPES.map((dataType) => [dataType, isReplaced(dataType)])).toEqual([
    ['attributes', true],
    ['events', false],
    ['purchases', false],
    ['user_deletes', false],
    ['catalog', true],
  ]);
});
