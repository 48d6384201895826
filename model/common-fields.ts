/** Fields that several definitions share. */
import { z } from 'zod';

export const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit')
  .describe('Unique name: 1 to 63 of a-z, 0-9, `-` and `_`.');

/** Secrets are accepted only as references, so that no file under version control holds one. */
export const secretSchema = z
  .string()
  .regex(/^\$\{(env|file):[^}]+\}$/, 'write a secret as ${env:NAME} or ${file:PATH}, never in clear');
