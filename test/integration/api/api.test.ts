/** The HTTP API on a real installation: Braze's calls, and our own beside them. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureSearchAttributes } from '../../../client/commands/ensure-search-attributes.ts';
import { restoreAllSchedules } from '../../../client/commands/apply-schedule.ts';
import { resumeSync } from '../../../client/commands/pause.ts';
import { API_PERMISSION_NAMES } from '../../../model/api-permissions.ts';
import { scheduleId } from '../../../model/names.ts';
import { type ApiClient, apiClient, type ServedApi, serveApiOf } from '../../support/api-client.ts';
import { startCliApi } from '../../support/api-process.ts';
import { jsonOf, runCli } from '../../support/cli-process.ts';
import { createEvents } from '../../support/event-table.ts';
import { type Installation, install } from '../../support/installation.ts';
import { endOfRun } from '../../support/run-to-end.ts';
import { makeCertificates } from '../../warehouses/certificates.ts';

let installation: Installation;
let api: ServedApi;
let client: ApiClient;

const PERSONAL = '=cmd|calc';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

beforeAll(async () => {
  installation = await install('api');
  const { source, session } = installation;
  await ensureSearchAttributes(session);
  await source.query(`
    create table cdi.users (updated_at timestamptz, external_id varchar(100), payload varchar(65535));
    insert into cdi.users select make_timestamptz(2026, 1, 1, 0, 0, n, 'UTC'), 'u' || n, '{"n":' || n || '}'
      from generate_series(1, 8) n;
    insert into cdi.users values
      ('2026-01-01 00:00:09.123456Z', '${PERSONAL}', '{"say":"a, \\"b\\""'),
      ('2026-01-01 00:00:10Z', 'u10', '{"external_id":"u1"}')`);
  await createEvents(source, 'events', 100);
  const users = { table: 'users', data_type: 'attributes' };
  await installation.declare({ name: 'a-users', ...users, schedule: { every: '1 month' } });
  await installation.declare({ name: 'b-events', table: 'events', data_type: 'events' });
  for (let n = 10; n < 21; n += 1)
    await installation.declare({ name: `c-${n}`, table: `none_${n}`, data_type: 'events' });
  await restoreAllSchedules(session);
  await resumeSync(session, 'a-users', 'for the test');
  api = await serveApiOf(session);
  client = await api.client('everything', API_PERMISSION_NAMES);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  const { schedule } = await installation.session.temporal();
  await schedule
    .getHandle(scheduleId('a-users'))
    .delete()
    .catch(() => undefined);
  await installation[Symbol.asyncDispose]();
});

interface Page<T> {
  readonly results: T[];
  readonly message: string;
}
type Fields = Record<string, unknown>;

const body = async <T = Fields>(response: Promise<Response> | Response): Promise<T> =>
  (await (await response).json()) as T;

async function integrationId(name: string): Promise<string> {
  const sync = await installation.session.ledger.overviews.byName(name);
  return sync?.integrationId ?? '';
}

const statusPath = async (name: string): Promise<string> =>
  `/cdi/integrations/${await integrationId(name)}/job_sync_status`;

describe("Braze's API", () => {
  test('a run is in the list at once after the 202, without a worker, complete and not before the request', async () => {
    const asked = new Date();
    const started = await client.post(`/cdi/integrations/${await integrationId('b-events')}/sync`);
    expect(started.status).toBe(202);
    expect(await started.json()).toEqual({ message: 'success' });
    const { results, message } = await body<Page<Fields>>(client.get(await statusPath('b-events')));
    expect({ message, results }).toEqual({
      message: 'success',
      results: [
        {
          job_status: 'running',
          sync_start_time: expect.stringMatching(ISO) as string,
          sync_finish_time: '',
          last_timestamp_synced: '',
          rows_synced: 0,
          rows_failed_with_errors: 0,
        },
      ],
    });
    expect(new Date(String(results[0]?.['sync_start_time'])).getTime()).toBeGreaterThanOrEqual(
      asked.getTime(),
    );
    expect(await body(client.post(`/cdi/integrations/${await integrationId('b-events')}/sync`))).toEqual({
      message: 'Another job is in progress',
    });
    expect((await client.post(`/cdi/integrations/${await integrationId('b-events')}/sync`)).status).toBe(429);

    await installation.startWorker();
    const [run] = await installation.session.ledger.runs.ofSync('b-events', 1);
    expect(await endOfRun(installation.session, 'b-events', run?.id ?? '')).toMatchObject({
      status: 'success',
      trigger: 'api',
    });
    const after = await body<Page<Fields>>(client.get(await statusPath('b-events')));
    expect(after.results).toEqual([
      {
        job_status: 'success',
        sync_start_time: results[0]?.['sync_start_time'],
        sync_finish_time: expect.stringMatching(ISO) as string,
        last_timestamp_synced: '2026-01-01T00:00:00.009000Z',
        rows_synced: 100,
        rows_failed_with_errors: 0,
      },
    ]);
  });

  test('lists ten integrations a page, with cursors in the Link header, every field a string', async () => {
    const first = await client.get('/cdi/integrations');
    expect(first.headers.get('link')).toBe('</cdi/integrations?cursor=c2tpcDoxMA==>; rel="next"');
    const page = await body<Page<Fields>>(first);
    expect(page.message).toBe('success');
    expect(page.results.map((item) => item['integration_name'])).toEqual([
      'a-users',
      'b-events',
      ...Array.from({ length: 8 }, (_, n) => `c-${n + 10}`),
    ]);
    for (const item of page.results)
      expect(Object.entries(item).map(([name, value]) => [name, typeof value])).toEqual(
        [
          'integration_id',
          'app_group_id',
          'integration_name',
          'integration_type',
          'integration_status',
          'contact_emails',
          'last_updated_at',
          'warehouse_type',
          'last_job_start_time',
          'last_job_status',
          'next_scheduled_run',
        ].map((name) => [name, 'string']),
      );
    expect(page.results[0]).toMatchObject({
      integration_id: expect.stringMatching(UUID) as string,
      integration_type: 'attributes',
      contact_emails: 'team@example.com',
      last_updated_at: '',
      warehouse_type: 'redshift',
      last_job_status: '',
    });
    expect(page.results[1]).toMatchObject({
      integration_status: 'active',
      last_updated_at: '2026-01-01T00:00:00.009000Z',
      last_job_status: 'success',
      last_job_start_time: expect.stringMatching(ISO) as string,
      next_scheduled_run: '',
    });

    const second = await client.get('/cdi/integrations?cursor=c2tpcDoxMA%3D%3D');
    expect(second.headers.get('link')).toBe('</cdi/integrations?cursor=c2tpcDow>; rel="prev"');
    expect((await body<Page<Fields>>(second)).results).toHaveLength(3);
    const back = await client.get('/cdi/integrations?cursor=c2tpcDow');
    expect(back.headers.get('link')).toBe('</cdi/integrations?cursor=c2tpcDoxMA==>; rel="next"');
    expect((await client.get(await statusPath('b-events'))).headers.get('link')).toBeNull();
  });

  test('refuses with the documented messages', async () => {
    const id = await integrationId('b-events');
    const nobody = '00000000-0000-4000-8000-000000000000';
    const expected: [Promise<Response>, number, string][] = [
      [client.get('/cdi/integrations?cursor=nonsense'), 400, 'Invalid cursor'],
      [client.get('/cdi/integrations?cursor='), 400, 'Invalid cursor'],
      [client.get(`/cdi/integrations/${id}/job_sync_status?cursor=x`), 400, 'Invalid cursor'],
      [client.get('/cdi/integrations/b-events/job_sync_status'), 400, 'Invalid integration ID'],
      [client.get(`/cdi/integrations/${nobody}/job_sync_status`), 400, 'Invalid integration ID'],
      [client.post('/cdi/integrations/b-events/sync'), 400, 'Invalid integration ID'],
      [client.post(`/cdi/integrations/${nobody}/sync`), 404, 'Integration not found'],
      [apiClient(api.url, 'cdi_000000000000_x').get('/cdi/integrations'), 401, 'Invalid API key'],
      [fetch(`${api.url}/cdi/integrations`), 401, 'Invalid API key'],
    ];
    for (const [response, status, message] of expected) {
      expect([(await response).status, await body(response)]).toEqual([status, { message }]);
    }
  });

  test('each call needs its own permission', async () => {
    const id = await integrationId('c-10');
    const calls = {
      'cdi.integration_list': (caller: ApiClient) => caller.get('/cdi/integrations'),
      'cdi.integration_job_status': (caller: ApiClient) =>
        caller.get(`/cdi/integrations/${id}/job_sync_status`),
      'cdi.integration_sync': (caller: ApiClient) => caller.post(`/cdi/integrations/${id.slice(1)}/sync`),
    } as const;
    for (const [permission, call] of Object.entries(calls)) {
      const others = API_PERMISSION_NAMES.filter((name) => name !== permission);
      const refused = await call(await api.client(`not-${permission}`, others));
      expect([refused.status, await refused.json()]).toEqual([
        403,
        { message: `Access Denied: this key lacks ${permission}.` },
      ]);
      const allowed = API_PERMISSION_NAMES.filter((name) => name === permission);
      expect((await call(await api.client(`only-${permission}`, allowed))).status).not.toBe(403);
    }
  });

  test('a key has 50, 100 and 20 requests a minute, each key by itself', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    for (const [limit, call] of [
      [50, (caller: ApiClient) => caller.get('/cdi/integrations')],
      [100, (caller: ApiClient) => caller.get(`/cdi/integrations/${id}/job_sync_status`)],
      [20, (caller: ApiClient) => caller.post(`/cdi/integrations/${id}/sync`)],
    ] as const) {
      const caller = await api.client(`busy-${limit}`, API_PERMISSION_NAMES);
      const remaining: number[] = [];
      let refused: Response | undefined;
      // A minute may end meanwhile, and the count begin anew: then the limit is met within the next.
      for (let n = 0; n < 2 * limit + 1 && !refused; n += 1) {
        const response = await call(caller);
        expect(response.headers.get('x-ratelimit-limit')).toBe(String(limit));
        if (response.status === 429) refused = response;
        else remaining.push(Number(response.headers.get('x-ratelimit-remaining')));
      }
      expect(remaining.slice(-limit)).toEqual(Array.from({ length: limit }, (_, n) => limit - 1 - n));
      expect(await refused?.json()).toEqual({ message: 'Rate limit exceeded' });
      expect(Number(refused?.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1_000 - 60);
      expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });
});

describe('/v1', () => {
  test('runs, shows the run and its rejected rows as JSON, CSV and NDJSON, page by page', async () => {
    const started = await client.post('/v1/syncs/a-users/run');
    expect(started.status).toBe(202);
    const { run } = await body<{ run: string }>(started);
    expect(started.headers.get('location')).toBe(`/v1/runs/${run}`);
    const underWay = await body(client.get(`/v1/runs/${run}`));
    expect(underWay).toMatchObject({ run, sync: 'a-users', trigger: 'api' });
    await endOfRun(installation.session, 'a-users', run);
    expect(await body(client.get(`/v1/runs/${run}`))).toMatchObject({
      status: 'partial',
      read: 10,
      sent: 8,
      rejected: 2,
      possiblyDoubledRanges: [],
      rowsPerSecond: expect.any(Number) as number,
    });
    expect(await body(client.get('/v1/syncs/a-users'))).toMatchObject({
      sync: 'a-users',
      integrationId: await integrationId('a-users'),
      state: 'active',
      schedule: 'every 1 month',
      watermark: '2026-01-01 00:00:10.000000',
      lastRun: { run, status: 'partial' },
      nextRun: expect.stringMatching(/-01T00:00:00\.000Z$/) as string,
    });
    expect(await body(client.get('/v1/syncs/a-users/rejected/reasons'))).toMatchObject({
      reasons: [{ rows: 1 }, { rows: 1 }],
    });

    const page = await body<{ rows: Fields[]; next: string }>(
      client.get('/v1/syncs/a-users/rejected?limit=1'),
    );
    expect(page.rows).toMatchObject([
      { run, externalId: PERSONAL, code: 'payload_not_json', updatedAt: '2026-01-01 00:00:09.123456' },
    ]);
    expect(await body(client.get(page.next))).toMatchObject({ rows: [{ externalId: 'u10' }], next: null });

    const csv = await client.get('/v1/syncs/a-users/rejected?format=csv');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="a-users-rejected.csv"');
    const lines = (await csv.text()).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain(`,2026-01-01 00:00:09.123456,'${PERSONAL},`);
    const onePage = await client.get(`/v1/syncs/a-users/rejected?format=csv&limit=1&run=${run}`);
    expect((await onePage.text()).split('\n')).toHaveLength(3);
    const next = /^<(.*)>; rel="next"$/.exec(onePage.headers.get('link') ?? '')?.[1] ?? '';
    expect(await (await client.get(next)).text()).toContain(',u10,');
    const ndjson = await (
      await client.get('/v1/syncs/a-users/rejected?format=ndjson&code=payload_not_json')
    ).text();
    expect(
      ndjson
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Fields),
    ).toMatchObject([{ externalId: PERSONAL }]);
  });

  test('lists syncs and runs page by page', async () => {
    const names: unknown[] = [];
    for (let path: string | null = '/v1/syncs?limit=6'; path !== null;) {
      const page: { syncs: Fields[]; next: string | null } = await body(client.get(path));
      names.push(...page.syncs.map(({ sync }) => sync));
      path = page.next;
    }
    expect(names).toHaveLength(13);
    expect(new Set(names).size).toBe(13);

    const { runs } = installation.session.ledger;
    for (let n = 0; n < 5; n += 1)
      await runs.announce({
        id: `00000000-0000-4000-8000-00000000000${n}`,
        sync: 'c-20',
        dataType: 'events',
        trigger: 'manual',
      });
    const ids: unknown[] = [];
    for (let path: string | null = '/v1/syncs/c-20/runs?limit=2'; path !== null;) {
      const page: { runs: Fields[]; next: string | null } = await body(client.get(path));
      ids.push(...page.runs.map(({ run }) => String(run).slice(-1)));
      path = page.next;
    }
    expect(ids).toEqual(['4', '3', '2', '1', '0']);
    expect(await body(client.get('/v1/syncs/c-20/runs?status=success'))).toEqual({ runs: [], next: null });
  });

  test('retries what was rejected', async () => {
    const retried = await client.post('/v1/syncs/a-users/retry', { asRejected: true });
    expect(retried.status).toBe(202);
    const { run, rows } = await body<{ run: string; rows: number }>(retried);
    expect(rows).toBe(2);
    expect(await endOfRun(installation.session, 'a-users', run)).toMatchObject({ trigger: 'retry' });
    const [correction] = await installation.session.ledger.corrections.ofSync('a-users', 1);
    expect(correction).toMatchObject({ kind: 'retry', by: 'API key everything', run });
    const none = await client.post('/v1/syncs/b-events/retry');
    expect([none.status, await none.json()]).toEqual([200, { sync: 'b-events', run: null, rows: 0 }]);
  });

  test('pauses with a note, resumes, and tests with a preview', async () => {
    expect(await body(client.post('/v1/syncs/a-users/pause', { note: 'table is rebuilt' }))).toMatchObject({
      sync: 'a-users',
      paused: true,
    });
    const { schedule } = await installation.session.temporal();
    const { state } = await schedule.getHandle(scheduleId('a-users')).describe();
    expect(state).toMatchObject({ paused: true, note: 'table is rebuilt' });
    expect(await body(client.get('/v1/syncs/a-users'))).toMatchObject({
      state: 'paused',
      pauseNote: 'table is rebuilt',
      nextRun: null,
    });
    // Some clients name the type of a body that they do not send.
    expect(await body(client.post('/v1/syncs/a-users/resume', ''))).toMatchObject({ paused: false });
    expect(await body(client.get('/v1/syncs/a-users'))).toMatchObject({ state: 'active' });

    const [passed, failed] = await Promise.all([
      body(client.post('/v1/syncs/a-users/test')),
      body(client.post('/v1/syncs/c-10/test')),
    ]);
    expect(passed).toMatchObject({ passed: true, preview: { rejected: [{ row: 8 }, { row: 9 }] } });
    expect(failed).toMatchObject({
      passed: false,
      type: 'table_missing',
      remedy: { text: expect.any(String) as string },
    });
  });

  test('bad input gets a problem document that names the field', async () => {
    const expected: [Promise<Response>, number, string, string?][] = [
      [client.get('/v1/syncs?limit=0'), 400, 'invalid_request', 'query.limit'],
      [client.get('/v1/syncs?limit=501'), 400, 'invalid_request', 'query.limit'],
      [client.get('/v1/syncs?limit=1&limit=2'), 400, 'invalid_request', 'query.limit'],
      [client.get('/v1/syncs?pages=2'), 400, 'invalid_request', 'query'],
      [client.get('/v1/syncs/A%00'), 400, 'invalid_request', 'path.sync'],
      [client.get('/v1/syncs/nobody'), 404, 'not_found', 'path.sync'],
      [client.get('/v1/runs/1'), 400, 'invalid_request', 'path.run'],
      [client.get('/v1/runs/00000000-0000-4000-8000-00000000000a'), 404, 'not_found', 'path.run'],
      [client.get("/v1/syncs/a-users/rejected?code='"), 400, 'invalid_request', 'query.code'],
      [client.post('/v1/syncs/a-users/pause', { note: 7 }), 400, 'invalid_request', 'body.note'],
      [client.post('/v1/syncs/a-users/pause', '{"note":"\\ud800"}'), 400, 'invalid_request', 'body.note'],
      [client.post('/v1/syncs/a-users/pause', '{"note":'), 400, 'invalid_request'],
      [client.post('/v1/syncs/nobody/run'), 404, 'not_found'],
      [client.post('/v1/syncs/b-events/approve'), 404, 'not_found'],
      [client.get('/v1/nothing'), 404, 'not_found'],
      [client.post('/v1/syncs'), 405, 'method_not_allowed'],
    ];
    for (const [response, status, code, field] of expected) {
      const answer = await response;
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      const problem = await body<{ code: string; status: number; errors?: { field: string }[] }>(answer);
      expect([answer.status, problem.status, problem.code, problem.errors?.[0]?.field]).toEqual([
        status,
        status,
        code,
        field,
      ]);
    }
    expect((await client.post('/v1/syncs')).headers.get('allow')).toBe('GET, HEAD');
  });

  test('each call needs its own permission', async () => {
    const caller = await api.client('reader', ['v1.read']);
    const statuses = async (...paths: string[]): Promise<number[]> =>
      Promise.all(
        paths.map(
          async (path) => (await (path.includes('rejected') ? caller.get(path) : caller.post(path))).status,
        ),
      );
    expect((await caller.get('/v1/syncs')).status).toBe(200);
    expect(
      await statuses(
        '/v1/syncs/a-users/rejected',
        ...['run', 'retry', 'approve', 'reject', 'pause', 'resume', 'test'].map(
          (verb) => `/v1/syncs/a-users/${verb}`,
        ),
      ),
    ).toEqual(Array.from({ length: 8 }, () => 403));
    const runner = await api.client('runner', ['v1.run']);
    expect((await runner.get('/v1/syncs')).status).toBe(403);
  });
});

test('metrics are for a key that may read, and name routes by their pattern', async () => {
  await client.get('/v1/syncs/a-users');
  const answer = await client.get('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const text = await answer.text();
  expect(text).toMatch(/^cdi_ledger_up 1$/m);
  expect(text).toMatch(/^cdi_sync_paused\{sync="a-users"\} 0$/m);
  expect(text).toMatch(
    /^cdi_api_request_seconds_count\{method="GET",route="\/v1\/syncs\/:sync",status="200"\} \d+$/m,
  );
  expect(text).not.toContain(PERSONAL);
  expect((await fetch(`${api.url}/metrics`)).status).toBe(401);
  const starter = await api.client('starts only', ['cdi.integration_sync']);
  expect((await starter.get('/metrics')).status).toBe(403);
});

test('healthz and readyz need no key; the description of the API is served', async () => {
  expect(await body(fetch(`${api.url}/healthz`))).toEqual({ status: 'ok' });
  expect(await body(fetch(`${api.url}/readyz`))).toEqual({ status: 'ok', ledger: 'ok', temporal: 'ok' });
  expect(await body(fetch(`${api.url}/openapi.json`))).toMatchObject({ openapi: '3.1.0' });
});

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query' }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

test('whatever is asked of a call, the answer is one that the OpenAPI document names', async () => {
  const { paths } = await body<{ paths: Record<string, Record<string, Operation>> }>(
    fetch(`${api.url}/openapi.json`),
  );
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  expect(operations.length).toBeGreaterThan(15);
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '',
      '0',
      '-1',
      '1e3',
      '0x10',
      '00000000-0000-4000-8000-000000000000',
      '\0',
      "'; --",
      '%00',
      '..',
    ),
  );
  for (const { path, method, operation } of operations) {
    const { parameters = [], responses, requestBody } = operation;
    // Nothing that is there may be told anything: the other tests look at it.
    const known = method === 'get' ? fc.constantFrom('a-users', 'b-events') : fc.constant('nobody');
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const inQuery = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(text, known), { minLength: inPath.length, maxLength: inPath.length }),
        fc.dictionary(fc.constantFrom(...inQuery, 'other'), text, { maxKeys: 3 }),
        fc.option(fc.oneof(fc.json(), text, fc.constant('{"note":"\\ud800"}')), { nil: undefined }),
        async (values, query, sent) => {
          const filled = inPath.reduce(
            (filled, { name }, index) => filled.replace(`{${name}}`, encodeURIComponent(values[index] ?? '')),
            path,
          );
          const address = `${filled}?${new URLSearchParams(query).toString()}`;
          const answer = await (method === 'get'
            ? client.get(address)
            : client.post(address, requestBody ? sent : undefined));
          await answer.arrayBuffer();
          // An address with an empty segment, or one of dots, is that of another call or of none.
          const expected = [...Object.keys(responses), '404', '405'].map(Number);
          expect({ address, isNamed: expected.includes(answer.status), status: answer.status }).toMatchObject(
            {
              isNamed: true,
            },
          );
          expect(answer.status).not.toBe(500);
        },
      ),
      { numRuns: 25 },
    );
  }
});

test('keys are made, listed and revoked on the command line, kept as hashes, and never logged', async () => {
  const cli = (...args: string[]) => runCli(installation.environment, args);
  const added = await cli(
    'key',
    'add',
    'by-hand',
    '--permission',
    'v1.read',
    '--permission',
    'v1.run',
    '--json',
  );
  const { key } = jsonOf<{ key: string }>(added);
  const caller = apiClient(api.url, key);
  expect((await caller.get('/v1/syncs')).status).toBe(200);
  const [again, wrong, none, listed] = await Promise.all([
    cli('key', 'add', 'by-hand', '--permission', 'all'),
    cli('key', 'add', 'other', '--permission', 'v1.everything'),
    cli('key', 'add', 'other'),
    cli('key', 'list'),
  ]);
  expect([again.code, wrong.code, none.code, listed.code]).toEqual([2, 2, 2, 0]);
  expect(listed.stdout).toMatch(/^by-hand +[0-9a-f]{12} +\d{4}-\d\d-\d\d +– +v1\.read v1\.run$/m);
  const secret = key.split('_').slice(2).join('_');
  expect(listed.stdout).not.toContain(secret);

  const database = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
  await database.connect();
  const { rows } = await database
    .query<{ hash: Buffer; all: string }>(
      `select hash, api_keys::text as all from api_keys where name = 'by-hand'`,
    )
    .finally(() => database.end());
  expect(rows).toHaveLength(1);
  expect(rows[0]?.all).not.toContain(secret);
  expect(rows[0]?.hash).toEqual(createHash('sha256').update(secret).digest());

  expect((await cli('key', 'revoke', 'by-hand')).code).toBe(0);
  expect((await cli('key', 'revoke', 'by-hand')).code).toBe(4);
  expect((await caller.get('/v1/syncs')).status).toBe(401);
  expect(api.log()).not.toContain(secret);
  expect(api.log()).not.toContain(client.key.split('_').slice(2).join('_'));
  expect(api.log()).not.toContain(PERSONAL);
  expect(api.log()).toContain('"route":"/v1/syncs/:sync/run"');
});

test('cdi api serves over TLS as its options say, and stops when told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cdi-api-tls-'));
  const { ca, cert, key } = makeCertificates();
  const files = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  try {
    await writeFile(join(folder, 'cert.pem'), cert);
    await writeFile(join(folder, 'key.pem'), key);
    const half = await runCli(installation.environment, ['api', '--port', '0', ...files.slice(0, 2)]);
    expect(half).toMatchObject({ code: 2, stderr: 'TLS needs both: --tls-cert and --tls-key.\n' });

    const server = await startCliApi(installation.environment, files);
    expect(server.url).toMatch(/^https:/);
    const dispatcher = new Agent({ connect: { ca } });
    const { statusCode, headers } = await request(`${server.url}/readyz`, { dispatcher });
    expect([statusCode, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
    await expect(request(`${server.url.replace('https', 'http')}/readyz`)).rejects.toThrow();
    await dispatcher.close();
    expect(await server.stop()).toEqual({ code: 0, last: 'api stopped' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
