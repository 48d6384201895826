/** How many rows at and after a watermark are handled already, without looking at each. */
import { type Kysely, sql } from 'kysely';
import type { HandledCounts } from '../model/guard.ts';
import { DIGEST_BYTES } from './digest-difference.ts';
import type { LedgerSchema } from './schema.ts';
import { FULL_REFRESH } from '../model/full-refresh.ts';

/** @param from the watermark; null: from the beginning */
export async function handledCounts(
  db: Kysely<LedgerSchema>,
  sync: string,
  from: string | null,
): Promise<HandledCounts> {
  const { rows } = await sql<HandledCounts>`
    select
      coalesce((select octet_length(digests) / ${DIGEST_BYTES} from watermarks where sync = ${sync}), 0)
        + coalesce((select sum(rows) from instant_parts where sync = ${sync} and instant = ${from}), 0)::bigint
        as at,
      coalesce((select sum(rows) from instant_parts
          where sync = ${sync} and instant <> ${FULL_REFRESH} and instant is distinct from ${from}), 0)::bigint
        + coalesce((select sum(octet_length(digests) / ${DIGEST_BYTES}) from confirmed_groups
          where sync = ${sync} and last_updated_at >= coalesce(${from}, '')
            and (epoch, segment) > (select epoch, segment from watermarks where sync = ${sync})), 0)::bigint
        as after`.execute(db);
  return rows[0] ?? { at: 0, after: 0 };
}
