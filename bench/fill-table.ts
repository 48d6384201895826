import type pg from 'pg';

/** Fills `public.NAME` with rows of about 300 bytes of payload; every twentieth user has two rows. */
export async function fillTable(client: pg.Client, name: string, rows: number): Promise<void> {
  await client.query(
    `create table public.${name} (updated_at timestamptz not null, external_id varchar(64), payload varchar(65535))`,
  );
  await client.query(
    `insert into public.${name}
     select timestamptz '2026-01-01 00:00Z' + n * interval '1 millisecond',
            'user-' || case when n % 20 = 0 then n / 2 else n end,
            '{"first_name":"Name ' || n || '","plan":"pro","logins":' || n || ',"credit":12.50,"account":9007199254740993,' ||
            '"city":"Kraków","tags":["alpha","beta","gamma"],"address":{"street":"Long street number ' || n % 1000 || '","zip":"12345"},' ||
            '"last_seen":"2026-01-05T12:00:00Z","newsletter":true,"note":"' || repeat('x', 40) || '"}'
     from generate_series(1, $1::int) n`,
    [rows],
  );
  await client.query(`create index on public.${name} (updated_at)`);
  await client.query(`analyze public.${name}`);
}
