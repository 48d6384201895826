/** A drt project for one table, with the settings that make it fastest. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SYNC_NAME = 'bench';
const BATCH = 75;
/**
 * drt opens a connection to Braze for each of its batches, and makes requests of `max_records_per_request` of it. The
 * payload is spliced as text: parsing it in Python costs a third of the speed.
 */
const DRT_BATCH = 7_500;
const TEMPLATE =
  '{"attributes": [{% for r in rows %}{"external_id": {{ r.external_id | tojson_safe }},{{ r.payload[1:] }}' +
  '{% if not loop.last %},{% endif %}{% endfor %}]}';

/** Environment variables that hold the secrets of the project. */
export const PASSWORD_VARIABLE = 'BENCH_PG_PASSWORD';
export const KEY_VARIABLE = 'BENCH_BRAZE_KEY';

/**
 * @param folder becomes both the project and, for drt's own files, the home folder
 * @param table in the schema `public`
 */
export async function writeProject(
  folder: string,
  { postgresUrl, sinkUrl, table }: { postgresUrl: string; sinkUrl: string; table: string },
): Promise<void> {
  const { hostname, port, pathname, username } = new URL(postgresUrl);
  const profiles = {
    bench: {
      type: 'postgres',
      host: hostname,
      port: Number(port),
      dbname: pathname.slice(1),
      user: decodeURIComponent(username),
      password_env: PASSWORD_VARIABLE,
    },
  };
  const sync = {
    name: SYNC_NAME,
    model: `select updated_at, external_id, payload from public.${table} order by updated_at`,
    destination: {
      type: 'rest_api',
      url: `${sinkUrl}/users/track`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      auth: { type: 'bearer', token_env: KEY_VARIABLE },
      body_mode: 'batch',
      max_records_per_request: BATCH,
      batch_template: TEMPLATE,
    },
    sync: {
      mode: 'incremental',
      cursor_field: 'updated_at',
      batch_size: DRT_BATCH,
      rate_limit: { requests_per_second: 0 },
      on_error: 'fail',
    },
  };
  // YAML is a superset of JSON.
  const files = {
    '.drt/profiles.yml': profiles,
    'drt_project.yml': { name: 'bench', version: '0.1', profile: 'bench' },
    [`syncs/${SYNC_NAME}.yml`]: sync,
  };
  for (const sub of ['.drt', 'syncs']) await mkdir(join(folder, sub), { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), JSON.stringify(content, null, 2));
}
