/** Parts of an expected value that need not be equal. */
import { expect } from 'vitest';

export const textLike = (pattern: RegExp): unknown => expect.stringMatching(pattern);
export const objectLike = (part: object): unknown => expect.objectContaining(part);
export const aDate: unknown = expect.any(Date);
