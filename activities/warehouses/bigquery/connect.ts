/** Opens the API of a project, and proves that it lets the credential in. */
import type { BigQuery, common } from '@google-cloud/bigquery';
import type { BigqueryCredential } from '../../../model/credentials/bigquery.ts';
import { CdiError } from '../../../model/errors.ts';
import { type ConnectOptions, DEADLINES, type OpenedCredential } from '../warehouse.ts';
import { Api } from './api.ts';
import { classifyBigquery } from './errors.ts';
import { jobLabels } from './labels.ts';
import { QueryJobs } from './query-jobs.ts';
import { parseServiceAccountKey } from './service-account-key.ts';

/** Three more tries a second or two apart, after which the step is tried again as a whole. */
const RETRIES = { maxRetries: 3, retryDelayMultiplier: 1 };

/** @throws CdiError of BigQuery's classes */
export async function connectBigquery(
  credential: OpenedCredential<BigqueryCredential>,
  options: ConnectOptions,
): Promise<QueryJobs> {
  const { definition, secrets } = credential;
  const { signal, label, queries, deadlines = DEADLINES } = options;
  signal.throwIfAborted();
  const keyText = secrets['service_account_key'];
  const key = keyText === undefined ? undefined : parseServiceAccountKey(keyText);
  // A worker that reads from other warehouses does not load it.
  const driver = await import('@google-cloud/bigquery');

  const open = (): BigQuery => {
    const client = new driver.BigQuery({
      projectId: definition.project,
      location: definition.location,
      retryOptions: RETRIES,
      ...(key === undefined ? {} : { credentials: key }),
      ...(definition.api_endpoint === undefined ? {} : { apiEndpoint: definition.api_endpoint }),
    });
    // The key signs the tokens itself, so that no token host has to be reached.
    client.authClient.useJWTAccessWithScope = true;
    // The driver sends its own option along, which the API does not know.
    client.interceptors.push({
      request: (request) => {
        const sent = request as common.DecorateRequestOptions;
        const { skipParsing: _, ...query } = (sent.qs ?? {}) as Record<string, unknown>;
        return { ...sent, qs: query };
      },
    });
    return client;
  };

  const api = new Api(open, signal);
  const place = { project: definition.project, location: definition.location };
  try {
    await login(api, place, deadlines.connectMs);
  } catch (error) {
    throw signal.aborted ? (signal.reason as Error) : classifyBigquery(error);
  }
  return new QueryJobs(api, {
    location: definition.location,
    labels: jobLabels(label),
    label,
    signal,
    queries,
    answerMs: deadlines.answerMs,
    maximumBytesBilled: definition.maximum_bytes_billed,
  });
}

/** Plans the smallest query there is, which costs nothing and needs the right to run jobs. */
async function login(
  api: Api,
  place: { readonly project: string; readonly location: string },
  ms: number,
): Promise<void> {
  const unreachable = (): Error =>
    new CdiError(
      'warehouse_unreachable',
      `BigQuery did not answer within ${Math.round(ms / 1_000)} seconds.`,
    );
  const job = await api.ask(
    (client) =>
      new Promise<unknown>((resolve, reject) => {
        // Not by the driver's method for queries: an answer that is none of BigQuery's makes that one end the process.
        client.request(
          {
            method: 'POST',
            uri: '/jobs',
            json: {
              configuration: { dryRun: true, query: { query: 'SELECT 1', useLegacySql: false } },
              jobReference: { projectId: place.project, location: place.location },
            },
          },
          (error, body) => (error ? reject(error) : resolve(body)),
        );
      }),
    { ms, late: unreachable },
  );
  if (typeof job !== 'object' || job === null || !('status' in job))
    throw new CdiError(
      'warehouse_unreachable',
      'What answers at `api_endpoint` of the credential is not the API of BigQuery.',
    );
}
