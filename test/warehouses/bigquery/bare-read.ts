/** The bare driver, as fast as it gets: for the bench, which compares the product's reading with it. */
import { BigQuery, type common } from '@google-cloud/bigquery';
import { readQuery } from '../../../activities/warehouses/bigquery/sql.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import type { BigqueryAccount } from './situations.ts';

const PAGE_ROWS = 10_000;

const text = (name: string): Column => ({ name, kind: 'text', type: 'STRING' });
const COLUMNS: SourceColumns = {
  updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'TIMESTAMP' },
  externalId: text('external_id'),
  aliasName: text('alias_name'),
  aliasLabel: text('alias_label'),
  brazeId: text('braze_id'),
  email: text('email'),
  phone: text('phone'),
  payload: text('payload'),
};

/** Reads the whole table, page by page, without making rows of what comes. @returns how many rows there were */
export async function bareRead(
  { definition, secrets }: BigqueryAccount,
  source: SourceTable,
): Promise<number> {
  const { text: query } = readQuery(source, COLUMNS, { from: null, inclusive: true, to: null }, Infinity);
  const { project, location, api_endpoint: apiEndpoint } = definition;
  const credentials = JSON.parse(secrets['service_account_key'] ?? '') as Record<string, string>;
  const driver = new BigQuery({
    projectId: project,
    location,
    credentials,
    ...(apiEndpoint ? { apiEndpoint } : {}),
  });
  driver.authClient.useJWTAccessWithScope = true;
  driver.interceptors.push({
    request: (request) => {
      const { skipParsing: _, ...qs } = ((request as common.DecorateRequestOptions).qs ?? {}) as Record<
        string,
        unknown
      >;
      return { ...(request as common.DecorateRequestOptions), qs };
    },
  });
  const [job] = await driver.createQueryJob({ query });
  let rows = 0;
  let at: string | undefined;
  for (;;) {
    const options = { autoPaginate: false, skipParsing: true, maxResults: PAGE_ROWS };
    const [, , answer] = await job.getQueryResults(
      at === undefined ? options : { ...options, pageToken: at },
    );
    if (!answer?.jobComplete) continue;
    rows += answer.rows?.length ?? 0;
    at = answer.pageToken ?? undefined;
    if (at === undefined) return rows;
  }
}
