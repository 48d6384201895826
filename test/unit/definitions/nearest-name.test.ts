import { expect, it } from 'vitest';
import { nearestName } from '../../../client/definitions/nearest-name.ts';

const OPTIONS = ['name', 'schedule', 'source', 'start_from', 'workspace'];

it.each([
  ['shedule', 'schedule'],
  ['Schedule', 'schedule'],
  ['scheduel', 'schedule'],
  ['souce', 'source'],
  ['startfrom', 'start_from'],
  ['nmae', 'name'],
  ['target', undefined],
  ['x', undefined],
])('%s → %s', (written, meant) => {
  expect(nearestName(written, OPTIONS)).toBe(meant);
});
