/** What requests to `/v1` may say, and how it is checked. */
import { z } from '@hono/zod-openapi';
import { nameSchema } from '../../model/common-fields.ts';

const DEFAULT_LIMIT = 50;
export const MOST_ROWS = 500;

export const syncParameter = z.object({ sync: nameSchema });

/** Runs bear the ids that Temporal gives them. */
export const runIdSchema = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'write the id of a run, a UUID in lower case');

export const runParameter = z.object({ run: runIdSchema });

const limitText = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, `write a whole number from 1 to ${MOST_ROWS}`)
  .transform(Number)
  .refine((value) => value <= MOST_ROWS, `write a whole number from 1 to ${MOST_ROWS}`)
  .openapi({ type: 'integer', minimum: 1, maximum: MOST_ROWS });

export const limitSchema = limitText
  .default(DEFAULT_LIMIT)
  .openapi({ type: 'integer', minimum: 1, maximum: MOST_ROWS, default: DEFAULT_LIMIT });

export const optionalLimitSchema = limitText.optional();

/** A text for people: no control characters, and nothing that cannot be stored. */
export const noteSchema = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'leave out control characters')
  .describe('Why; shown in the Temporal UI and on the status page.');
