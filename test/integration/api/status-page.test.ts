/** The status page in a real browser, most of it with scripts turned off. */
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureSearchAttributes } from '../../../client/commands/ensure-search-attributes.ts';
import { restoreAllSchedules } from '../../../client/commands/apply-schedule.ts';
import { resumeSync } from '../../../client/commands/pause.ts';
import { Session } from '../../../client/session.ts';
import { API_PERMISSION_NAMES } from '../../../model/api-permissions.ts';
import { scheduleId } from '../../../model/names.ts';
import { type ServedApi, serveApiOf } from '../../support/api-client.ts';
import { launchBrowser } from '../../support/browser.ts';
import { type Installation, install } from '../../support/installation.ts';
import { endOfRun, runToEnd } from '../../support/run-to-end.ts';

const UI = 'http://temporal.example';
const HOSTILE = '<img src=x onerror=alert(1)>';
const SYNC = 'p-users';

let installation: Installation;
let session: Session;
let api: ServedApi;
let browser: Browser;
let key: string;
let readerKey: string;
let run: string;

beforeAll(async () => {
  installation = await install('page');
  const { source } = installation;
  session = new Session({ ...installation.session.settings, temporalUi: `${UI}/` });
  await ensureSearchAttributes(session);
  await source.query(`
    create table cdi.users (updated_at timestamptz, external_id varchar(100), payload varchar(65535));
    insert into cdi.users select make_timestamptz(2026, 1, 1, 0, 0, n, 'UTC'), 'u' || n, '{"n":' || n || '}'
      from generate_series(1, 8) n;
    insert into cdi.users values ('2026-01-01 00:00:09Z', '=1+1', 'no json');
    create table cdi.deletes (updated_at timestamptz, external_id varchar(100));
    insert into cdi.deletes select make_timestamptz(2026, 1, 1, 0, 0, n, 'UTC'), 'd' || n from generate_series(1, 5) n`);
  await installation.declare({
    name: SYNC,
    table: 'users',
    data_type: 'attributes',
    description: HOSTILE,
    schedule: { every: '1 month' },
  });
  await installation.declare({
    name: 'p-deletes',
    table: 'deletes',
    data_type: 'user_deletes',
    options: { max_deletes_per_run: 1 },
  });
  await restoreAllSchedules(session);
  await resumeSync(session, SYNC, 'for the test');
  await installation.startWorker();
  run = (await runToEnd(session, SYNC)).id;
  api = await serveApiOf(session);
  key = (await api.client('operator', API_PERMISSION_NAMES)).key;
  readerKey = (await api.client('reader', ['v1.read'])).key;
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await api[Symbol.asyncDispose]();
  const { schedule } = await session.temporal();
  await schedule
    .getHandle(scheduleId(SYNC))
    .delete()
    .catch(() => undefined);
  await session.close();
  await installation[Symbol.asyncDispose]();
});

interface Visit extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser complained of, and what it asked other hosts for. */
  readonly complaints: string[];
}

async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => void complaints.push(dialog.message()));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${api.url}/`)) complaints.push(request.url());
  });
  return { context, page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

async function signIn(page: Page, as = key): Promise<void> {
  await page.goto(`${api.url}/login`);
  await page.getByLabel('API key').fill(as);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function sessionOf(context: BrowserContext) {
  const [cookie] = await context.cookies();
  if (!cookie) throw new Error('There is no cookie.');
  return cookie;
}

test('signs in with the keyboard alone, refuses a wrong key, leads back to the page that was asked for', async () => {
  await using visited = await visit();
  const { page, context, complaints } = visited;
  await page.goto(`${api.url}/syncs/${SYNC}`);
  expect(page.url()).toBe(`${api.url}/login?to=%2Fsyncs%2F${SYNC}`);
  await page.keyboard.type('cdi_000000000000_nonsense');
  await page.keyboard.press('Enter');
  expect(await page.getByRole('alert').textContent()).toBe('This is no valid key.');
  expect(await context.cookies()).toEqual([]);
  await page.keyboard.type(key);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${api.url}/syncs/${SYNC}`);
  expect(await sessionOf(context)).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });

  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
  const reached: (string | null)[] = [];
  for (let tabs = 0; tabs < 40; tabs += 1) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    if ((await focused.count()) > 0) reached.push((await focused.textContent())?.trim() ?? '');
  }
  expect(reached).toEqual(
    expect.arrayContaining(['Sign out', 'Run now', 'Pause', 'in Temporal', 'CSV', 'NDJSON']),
  );
  expect(complaints).toEqual([
    'Failed to load resource: the server responded with a status of 401 (Unauthorized)',
  ]);
});

test('leads nowhere else after signing in', async () => {
  await using visited = await visit();
  for (const to of ['//evil.example', 'https://evil.example/', '/\\evil.example', '/syncs/x/run']) {
    await visited.page.goto(`${api.url}/login?to=${encodeURIComponent(to)}`);
    await visited.page.getByLabel('API key').fill(key);
    await visited.page.getByRole('button', { name: 'Sign in' }).click();
    expect(visited.page.url()).toBe(`${api.url}/`);
  }
});

test('shows every sync, and of a sync its runs, rejected rows by reason, their export and the way into Temporal', async () => {
  await using visited = await visit();
  const { page, complaints } = visited;
  await signIn(page);
  const line = page.getByRole('row').filter({ hasText: SYNC });
  expect(await line.textContent()).toMatch(/attributes, every 1 month\s+active\s+partial/);
  expect(await line.getByRole('img').getAttribute('aria-label')).toBe(
    'Last 30 days: 8 rows sent, 1 rejected',
  );
  await page.getByRole('link', { name: SYNC }).click();

  expect(await page.locator('main').textContent()).toContain(HOSTILE);
  expect(await page.locator('main img').count()).toBe(0);
  const workflow = `${UI}/namespaces/default/workflows/sync%2F${SYNC}/${run}`;
  expect(await page.locator(`a[href="${workflow}"]`).count()).toBe(1);
  const schedule = `${UI}/namespaces/default/schedules/sync%2F${SYNC}`;
  expect(await page.locator(`a[href="${schedule}"]`).count()).toBe(1);
  expect(await page.getByRole('row').filter({ hasText: 'payload_not_json' }).textContent()).toMatch(
    /payload_not_json\s+1\s/,
  );
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'CSV' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`${SYNC}-rejected.csv`);
  expect(await readFile(await download.path(), 'utf8')).toContain(",'=1+1,");
  expect(complaints).toEqual([]);
});

test('runs, pauses with a note, resumes', async () => {
  await using visited = await visit();
  const { page, complaints } = visited;
  await signIn(page);
  await page.goto(`${api.url}/syncs/${SYNC}`);
  await page.getByRole('button', { name: 'Run now' }).click();
  expect(await page.getByRole('status').textContent()).toBe('A run has started.');
  const [started] = await session.ledger.runs.ofSync(SYNC, 1);
  expect(started?.id).not.toBe(run);
  expect(started?.trigger).toBe('manual');
  await endOfRun(session, SYNC, started?.id ?? '');

  await page.goto(`${api.url}/syncs/${SYNC}`);
  await page.getByLabel('Why').fill(HOSTILE);
  await page.getByRole('button', { name: 'Pause' }).click();
  expect(await page.getByRole('status').textContent()).toContain('The schedule is paused.');
  expect(await page.locator('dl').textContent()).toContain(`paused ${HOSTILE}`);
  const { schedule } = await session.temporal();
  expect((await schedule.getHandle(scheduleId(SYNC)).describe()).state).toMatchObject({
    paused: true,
    note: HOSTILE,
  });
  await page.getByRole('button', { name: 'Resume' }).click();
  expect((await schedule.getHandle(scheduleId(SYNC)).describe()).state.paused).toBe(false);
  expect(complaints).toEqual([]);
});

test('answers a run that is held', async () => {
  await using visited = await visit();
  const { page } = visited;
  await signIn(page);
  await page.goto(`${api.url}/syncs/p-deletes`);
  await page.getByRole('button', { name: 'Run now' }).click();
  const [started] = await session.ledger.runs.ofSync('p-deletes', 1);
  await expect
    .poll(async () => (await session.ledger.runs.get(started?.id ?? ''))?.status, { timeout: 60_000 })
    .toBe('held');
  await page.reload();
  expect(await page.locator('dl').textContent()).toContain('max_deletes_per_run is 1');
  await page.getByRole('button', { name: /^Approve/ }).click();
  expect(await page.getByRole('status').textContent()).toBe('Approved: the run goes on.');
  expect(await endOfRun(session, 'p-deletes', started?.id ?? '')).toMatchObject({
    status: 'success',
    held: { answer: { decision: 'approved', by: 'API key operator' } },
  });
});

test('fits a phone, and is dark where that is asked for', async () => {
  await using phone = await visit({
    javaScriptEnabled: true,
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
  });
  await signIn(phone.page);
  for (const path of ['/', `/syncs/${SYNC}`]) {
    await phone.page.goto(`${api.url}${path}`);
    const width = await phone.page.evaluate('document.documentElement.scrollWidth');
    expect({ path, width }).toEqual({ path, width: 360 });
  }
  const background = (page: Page): Promise<string> =>
    page.evaluate('getComputedStyle(document.body).backgroundColor');
  await using light = await visit({ javaScriptEnabled: true, colorScheme: 'light' });
  await light.page.goto(`${api.url}/login`);
  expect(await background(phone.page)).toBe('rgb(18, 22, 28)');
  expect(await background(light.page)).toBe('rgb(255, 255, 255)');
  expect([...phone.complaints, ...light.complaints]).toEqual([]);
});

test('a planted session is of no use, and one that has ended or whose key is revoked opens nothing', async () => {
  await using visited = await visit();
  const { page, context } = visited;
  const planted = 'A'.repeat(43);
  await context.addCookies([{ name: 'cdi_session', value: planted, url: api.url }]);
  await signIn(page);
  const first = await sessionOf(context);
  expect(first.value).not.toBe(planted);
  await signIn(page);
  const second = await sessionOf(context);
  expect(second.value).not.toBe(first.value);
  expect((await asking('GET', '/', first.value)).status).toBe(303);
  expect((await asking('GET', '/', second.value)).status).toBe(200);
  await page.getByRole('button', { name: 'Sign out' }).click();
  expect(page.url()).toBe(`${api.url}/login`);
  expect((await asking('GET', '/', second.value)).status).toBe(303);

  const { key: shortLived } = await api.client('short-lived', ['v1.read']);
  await signIn(page, shortLived);
  const { value } = await sessionOf(context);
  expect((await asking('GET', '/', value)).status).toBe(200);
  await session.ledger.apiKeys.revoke('short-lived');
  expect((await asking('GET', '/', value)).status).toBe(303);
});

test('a form of another site, of another session, or without the permission is refused', async () => {
  await using visited = await visit();
  await using other = await visit();
  await using reader = await visit();
  const tokens = [];
  for (const [who, as] of [
    [visited, key],
    [other, key],
    [reader, readerKey],
  ] as const) {
    await signIn(who.page, as);
    tokens.push({
      session: (await sessionOf(who.context)).value,
      csrf: (await who.page.locator('input[name=csrf]').first().getAttribute('value')) ?? '',
    });
  }
  const [mine, theirs, readers] = tokens;
  const run = (session: string | undefined, csrf: string | undefined, headers: Record<string, string> = {}) =>
    asking('POST', `/syncs/${SYNC}/run`, session ?? '', { csrf: csrf ?? '' }, headers).then(
      ({ status }) => status,
    );
  expect(await run(mine?.session, '')).toBe(403);
  expect(await run(mine?.session, theirs?.csrf)).toBe(403);
  expect(await run(readers?.session, readers?.csrf)).toBe(403);
  expect(await run(mine?.session, mine?.csrf, { origin: 'https://evil.example' })).toBe(403);
  expect(await run(mine?.session, mine?.csrf, { origin: 'null' })).toBe(403);
  expect(await run(mine?.session, mine?.csrf, { 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await run('', mine?.csrf)).toBe(401);
  expect((await asking('POST', '/login', '', { key }, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await session.ledger.runs.unfinished(SYNC)).length).toBe(0);

  await reader.page.goto(`${api.url}/syncs/${SYNC}`);
  expect(await reader.page.getByRole('button').allTextContents()).toEqual(['Sign out']);
  expect(await reader.page.getByRole('link', { name: 'CSV' }).count()).toBe(0);
  const exported = await asking('GET', `/syncs/${SYNC}/rejected.csv`, readers?.session ?? '');
  expect(exported.status).toBe(403);
});

test('behind a proxy with https the cookie is for https only, and pinned to its host', async () => {
  await using proxied = await serveApiOf(session, { publicUrl: new URL('https://cdi.example.com') });
  const answer = await fetch(`${proxied.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: 'https://cdi.example.com' },
    body: new URLSearchParams({ key }),
  });
  expect(answer.status).toBe(303);
  expect(answer.headers.getSetCookie().at(-1)).toMatch(
    /^__Host-cdi_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
});

/** A request as a browser sends it, but for what is to be told apart. */
function asking(
  method: 'GET' | 'POST',
  path: string,
  token: string,
  form?: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${api.url}${path}`, {
    method,
    redirect: 'manual',
    headers: { cookie: `cdi_session=${token}`, origin: api.url, ...headers },
    ...(form ? { body: new URLSearchParams(form) } : {}),
  });
}
