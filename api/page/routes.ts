/** The status page: rendered here, without scripts, behind the keys of the API. */
import { readFileSync } from 'node:fs';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { nameSchema } from '../../model/common-fields.ts';
import type { DailyRows } from '../../store/runs.ts';
import { byKey, requireGrant } from '../authenticate.ts';
import type { ApiDependencies, ApiEnvironment } from '../environment.ts';
import { ProblemError } from '../problem.ts';
import { EXPORT_FORMATS, exportAll } from '../rejected-export.ts';
import { noteSchema, runIdSchema } from '../v1/parameters.ts';
import { carryOutAction, NEEDED, PAGE_ACTIONS } from './actions.ts';
import { daysOf, firstDay } from './chart.ts';
import type { Frame } from './layout.ts';
import { loginPage } from './login-page.ts';
import { overviewPage, refreshOf } from './overview-page.ts';
import {
  csrfToken,
  requireCsrfToken,
  requireSameOrigin,
  requireSession,
  sessionCookie,
  signIn,
  signOut,
} from './session.ts';
import { syncPage } from './sync-page.ts';

const SYNCS_PER_PAGE = 100;
const RUNS_PER_PAGE = 25;
const STYLE = readFileSync(new URL('./style.css', import.meta.url), 'utf8');
/** Where one may be led after signing in: nowhere but here. */
const OWN_PAGE = /^\/(syncs\/[a-z0-9][a-z0-9_-]{0,62})?$/;

type PageContext = Context<ApiEnvironment>;

export function addStatusPage(app: OpenAPIHono<ApiEnvironment>, dependencies: ApiDependencies): void {
  const { session } = dependencies;
  const { overviews, runs, rejectedRows } = session.ledger;
  const cookie = sessionCookie(dependencies);
  const signedIn = requireSession(dependencies, cookie);
  const sameOrigin = requireSameOrigin(dependencies);
  const { temporalUi: ui, namespace } = session.settings;
  const temporalUi =
    ui !== undefined && /^https?:\/\//.test(ui)
      ? `${ui.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}`
      : undefined;

  app.get('/style.css', (c) =>
    c.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'max-age=3600' }),
  );

  app.get('/login', (c) => c.html(loginPage(ownPage(c.req.query('to')))));

  app.post('/login', sameOrigin, async (c) => {
    const form = await c.req.parseBody();
    const to = ownPage(form['to']);
    try {
      await signIn(dependencies, cookie, c, textOf(form['key']).trim());
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return c.html(loginPage(to, error.message), error.status);
    }
    return c.redirect(to, 303);
  });

  app.post('/logout', sameOrigin, signedIn, async (c) => {
    requireCsrfToken(c.get('sessionToken'), (await c.req.parseBody())['csrf']);
    await signOut(dependencies, cookie, c);
    return c.redirect('/login', 303);
  });

  app.get('/', signedIn, async (c) => {
    const after = nameSchema.safeParse(c.req.query('after')).data;
    const found = await overviews.page({ after, limit: SYNCS_PER_PAGE + 1 });
    const syncs = found.slice(0, SYNCS_PER_PAGE);
    const now = new Date();
    const daily = Map.groupBy(
      await runs.daily(
        syncs.map(({ name }) => name),
        firstDay(now),
      ),
      ({ sync }: DailyRows) => sync,
    );
    const last = found.length > SYNCS_PER_PAGE ? syncs.at(-1) : undefined;
    return c.html(
      overviewPage(frameOf(c), {
        syncs,
        total: await overviews.count(),
        days: (sync) => daysOf(daily.get(sync) ?? [], now),
        next: last ? `/?after=${last.name}` : null,
        now,
      }),
    );
  });

  app.get('/syncs/:sync', signedIn, ofSync, async (c) => {
    const sync = c.get('sync');
    const ofRun = runIdSchema.safeParse(c.req.query('run')).data;
    const before = runIdSchema.safeParse(c.req.query('before')).data;
    const now = new Date();
    const [found, reasons, daily] = await Promise.all([
      runs.page(sync.name, { before, limit: RUNS_PER_PAGE + 1 }),
      rejectedRows.reasons(sync.name, ofRun),
      runs.daily([sync.name], firstDay(now)),
    ]);
    const shown = found.slice(0, RUNS_PER_PAGE);
    const last = found.length > RUNS_PER_PAGE ? shown.at(-1) : undefined;
    const { permissions } = c.get('key');
    return c.html(
      syncPage(frameOf(c), {
        sync,
        runs: shown,
        older: last ? `/syncs/${sync.name}?before=${last.id}` : null,
        reasons,
        ofRun,
        days: daysOf(daily, now),
        may: (permission) => permissions.includes(permission),
        done: PAGE_ACTIONS.find((action) => action === c.req.query('done')),
        temporalUi,
        now,
      }),
    );
  });

  for (const action of PAGE_ACTIONS) {
    app.post(`/syncs/:sync/${action}`, sameOrigin, signedIn, ofSync, async (c) => {
      const form = await c.req.parseBody();
      requireCsrfToken(c.get('sessionToken'), form['csrf']);
      requireGrant(c.get('key'), NEEDED[action]);
      const note = noteSchema.safeParse(textOf(form['note']).trim());
      if (!note.success)
        throw new ProblemError(400, 'invalid_request', 'The note is too long, or holds control characters.');
      const sync = c.get('sync');
      await carryOutAction(session, sync, action, { by: byKey(c.get('key')), note: note.data });
      return c.redirect(`/syncs/${sync.name}?done=${action}`, 303);
    });
  }

  for (const format of EXPORT_FORMATS) {
    app.get(`/syncs/:sync/rejected.${format}`, signedIn, ofSync, (c) => {
      requireGrant(c.get('key'), 'v1.rejected');
      const run = runIdSchema.safeParse(c.req.query('run')).data;
      return exportAll(session, format, c.get('sync').name, { run });
    });
  }

  /** Finds the sync that the address names. */
  async function ofSync(c: PageContext, next: () => Promise<void>): Promise<void> {
    const name = nameSchema.safeParse(c.req.param('sync')).data;
    const sync = name === undefined ? undefined : await overviews.byName(name);
    if (!sync) throw new ProblemError(404, 'not_found', 'There is no such sync.');
    c.set('sync', sync);
    await next();
  }
}

function frameOf(c: PageContext): Omit<Frame, 'title'> {
  return {
    csrf: csrfToken(c.get('sessionToken')),
    key: c.get('key').name,
    refresh: refreshOf(c.req.query('refresh')),
  };
}

const textOf = (field: unknown): string => (typeof field === 'string' ? field : '');

const ownPage = (to: unknown): string => (typeof to === 'string' && OWN_PAGE.test(to) ? to : '/');
