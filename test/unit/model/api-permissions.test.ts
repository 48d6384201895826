import { expect, it } from 'vitest';
import { API_PERMISSION_NAMES, isApiPermission } from '../../../model/api-permissions.ts';

it('a permission is one of the list, and nothing that an object has by nature', () => {
  expect(API_PERMISSION_NAMES.every(isApiPermission)).toBe(true);
  expect(['v1', 'toString', '__proto__', ''].some(isApiPermission)).toBe(false);
});
