/**
 * Health check for a container: exit code 0 where the worker of this host gave the ledger a sign of life lately, which
 * takes an event loop that turns. It needs CDI_LEDGER_URL alone.
 */
import { hostname } from 'node:os';
import pg from 'pg';
import { Kysely, PostgresDialect } from 'kysely';
import type { LedgerSchema } from '../store/schema.ts';
import { Workers } from '../store/workers.ts';
import { GONE_MS } from './shared-staging.ts';

const pool = new pg.Pool({ connectionString: process.env['CDI_LEDGER_URL'], max: 1 });
const workers = new Workers(new Kysely<LedgerSchema>({ dialect: new PostgresDialect({ pool }) }));
const isAlive = await workers.isAlive(hostname(), GONE_MS).catch(() => false);
process.exit(isAlive ? 0 : 1);
