import { describe, expect, it } from 'vitest';
import { planApply } from '../../../client/reconcile/plan.ts';
import { planLines } from '../../../client/reconcile/plan-lines.ts';
import type {
  CurrentSync,
  Plan,
  PlanInput,
  Secured,
  Step,
  WatermarkAnswer,
} from '../../../client/reconcile/plan-types.ts';
import { scheduleOptions } from '../../../client/reconcile/schedule-options.ts';
import {
  type CredentialDefinition,
  credentialSchema,
  type SyncDefinition,
  syncSchema,
  type WorkspaceDefinition,
  workspaceSchema,
} from '../../../model/definitions.ts';

const QUEUE = 'cdi-control';

function workspace(changes: object = {}, fingerprint = 'f1'): Secured<WorkspaceDefinition> {
  const definition = workspaceSchema.parse({
    kind: 'workspace',
    name: 'demo',
    endpoint: 'https://rest.iad-01.braze.com',
    api_key: '${env:KEY}',
    ...changes,
  });
  return { definition, fingerprint };
}

function credential(changes: object = {}, fingerprint = 'f1'): Secured<CredentialDefinition> {
  const definition = credentialSchema.parse({
    kind: 'credential',
    name: 'warehouse',
    warehouse: 'redshift',
    host: 'cluster.example.com',
    database: 'dev',
    user: 'braze',
    password: '${env:PASSWORD}',
    ...changes,
  });
  return { definition, fingerprint };
}

function sync(changes: object = {}): SyncDefinition {
  return syncSchema.parse({
    kind: 'sync',
    name: 'users',
    workspace: 'demo',
    credential: 'warehouse',
    source: { schema: 'cdi', table: 'users' },
    data_type: 'attributes',
    schedule: { every: '15m' },
    notifications: { contacts: ['data@example.com'] },
    ...changes,
  });
}

function stored(definition: SyncDefinition, changes: Partial<CurrentSync> = {}): CurrentSync {
  return { definition, deleted: false, tested: true, hasWatermark: true, ...changes };
}

function hashesOf(...syncs: SyncDefinition[]): Map<string, string> {
  return new Map(
    syncs.flatMap((definition) => {
      const options = scheduleOptions(definition, QUEUE);
      return options ? [[options.scheduleId, options.action.memo.specHash]] : [];
    }),
  );
}

interface Case {
  declared?: Partial<PlanInput['declared']>;
  current?: Partial<PlanInput['current']>;
  open?: string[];
  answers?: Record<string, WatermarkAnswer>;
  prune?: boolean;
}

/** By default everything is applied already: one workspace, one credential, one sync with a watermark. */
function plan({ declared, current, open = [], answers = {}, prune = false }: Case = {}): Plan {
  return planApply({
    declared: { workspaces: [workspace()], credentials: [credential()], syncs: [sync()], ...declared },
    current: {
      workspaces: [workspace()],
      credentials: [credential()],
      syncs: [stored(sync())],
      scheduleHashes: hashesOf(sync()),
      ...current,
    },
    open: new Set(open),
    answers: new Map(Object.entries(answers)),
    prune,
    controlQueue: QUEUE,
  });
}

function stepsOf(input: Case): Step[] {
  const made = plan(input);
  if (made.refused) throw new Error(planLines(made).join('\n'));
  return [...made.steps];
}

/** `~ sync users` for each step that changes something. */
const effects = (input: Case): string[] =>
  stepsOf(input)
    .filter(({ action }) => action !== 'unchanged')
    .map(({ action, kind, name }) => `${action} ${kind} ${name}`);

function refusalsOf(input: Case): string[] {
  const made = plan(input);
  return made.refused ? made.refusals.map(({ reason, name }) => `${reason} ${name}`) : [];
}

const syncStep = (input: Case): Step | undefined => stepsOf(input).find(({ kind }) => kind === 'sync');

const NOTHING: Partial<PlanInput['current']> = {
  workspaces: [],
  credentials: [],
  syncs: [],
  scheduleHashes: new Map(),
};

describe('steps', () => {
  it('first apply: creates everything, what is referred to first, the schedule paused until the test', () => {
    expect(effects({ current: NOTHING })).toEqual([
      'create workspace demo',
      'create credential warehouse',
      'create sync users',
      'create schedule users',
    ]);
    expect(stepsOf({ current: NOTHING }).slice(2)).toMatchObject([
      { retest: true, watermark: 'keep' },
      { pausedUntilTested: true },
    ]);
  });

  it('second apply: leaves everything as it is', () => {
    expect(effects({})).toEqual([]);
    expect(stepsOf({})).toHaveLength(4);
  });

  it('tells changed options one by one', () => {
    const changed = sync({ schedule: { every: '1h' }, description: 'people', options: { rate_share: 0.5 } });
    const steps = stepsOf({ declared: { syncs: [changed] } });
    expect(steps[2]).toMatchObject({ action: 'update', retest: false, watermark: 'keep' });
    expect(steps[2]?.changes).toEqual([
      { path: 'description', after: 'people' },
      { path: 'options.rate_share', before: '0.8', after: '0.5' },
      { path: 'schedule.every', before: '15m', after: '1h' },
    ]);
    expect(steps[3]).toMatchObject({ kind: 'schedule', action: 'update', pausedUntilTested: false });
  });

  it('leaves the schedule alone where only other options change', () => {
    expect(effects({ declared: { syncs: [sync({ options: { rate_share: 0.5 } })] } })).toEqual([
      'update sync users',
    ]);
  });

  it('updates a schedule that differs in Temporal, and makes a lost one again', () => {
    expect(effects({ current: { scheduleHashes: new Map([['sync/users', 'other']]) } })).toEqual([
      'update schedule users',
    ]);
    const lost = stepsOf({ current: { scheduleHashes: new Map() } }).at(-1);
    expect(lost).toMatchObject({ action: 'create', kind: 'schedule', pausedUntilTested: false });
    const untested = {
      syncs: [stored(sync(), { tested: false })],
      scheduleHashes: new Map<string, string>(),
    };
    expect(stepsOf({ current: untested }).at(-1)).toMatchObject({ pausedUntilTested: true });
  });

  it('deletes the schedule of a sync that becomes manual', () => {
    expect(effects({ declared: { syncs: [sync({ schedule: 'manual' })] } })).toEqual([
      'update sync users',
      'delete schedule users',
    ]);
  });

  it('has no schedule for a sync that is manual', () => {
    const manual = sync({ schedule: 'manual' });
    expect(effects({ declared: { syncs: [manual] }, current: NOTHING })).not.toContain(
      'create schedule users',
    );
  });

  it('updates a credential whose secret alone changed, and asks for no test of its sync', () => {
    const declared = { credentials: [credential({}, 'f2')] };
    expect(effects({ declared })).toEqual(['update credential warehouse']);
    expect(stepsOf({ declared })[1]).toMatchObject({ secretChanged: true, changes: [] });
    expect(effects({ declared: { workspaces: [workspace({}, 'f2')] } })).toEqual(['update workspace demo']);
  });

  it('tests a sync again that changes its credential within one database', () => {
    const other = credential({ name: 'other', user: 'reader' });
    const declared = { credentials: [credential(), other], syncs: [sync({ credential: 'other' })] };
    expect(syncStep({ declared })).toMatchObject({ action: 'update', retest: true, watermark: 'keep' });
  });
});

describe('pruning', () => {
  const other = sync({ name: 'others', source: { schema: 'cdi', table: 'others' } });
  const current = {
    workspaces: [workspace(), workspace({ name: 'old' })],
    credentials: [credential(), credential({ name: 'old' })],
    syncs: [stored(sync()), stored(other), stored(sync({ name: 'gone' }), { deleted: true })],
    scheduleHashes: hashesOf(sync(), other),
  };

  it('leaves what is not declared alone, unless asked', () => {
    expect(effects({ current })).toEqual([]);
  });

  it('deletes it when asked, what refers to others first', () => {
    expect(effects({ current, prune: true })).toEqual([
      'delete schedule others',
      'delete sync others',
      'delete credential old',
      'delete workspace old',
    ]);
  });

  it('is refused for a sync with an open run', () => {
    expect(refusalsOf({ current, prune: true, open: ['others'] })).toEqual(['run_open others']);
  });

  it('is refused for a credential or workspace in use', () => {
    const input = { declared: { workspaces: [], credentials: [] }, prune: true };
    expect(refusalsOf(input)).toEqual(['in_use warehouse', 'in_use demo']);
  });
});

describe('the data type', () => {
  it('cannot change', () => {
    expect(refusalsOf({ declared: { syncs: [sync({ data_type: 'events' })] } })).toEqual([
      'data_type_changed users',
    ]);
  });

  it('cannot change by a delete in between either', () => {
    const input = {
      declared: { syncs: [sync({ data_type: 'events' })] },
      current: { syncs: [stored(sync(), { deleted: true })] },
      answers: { users: 'reset' as const },
    };
    expect(refusalsOf(input)).toEqual(['data_type_changed users']);
  });
});

describe('a sync that moves', () => {
  const second = workspace({ name: 'second' });
  const moves: [string, Case][] = [
    ['to another table', { declared: { syncs: [sync({ source: { schema: 'cdi', table: 'people' } })] } }],
    ['to another schema', { declared: { syncs: [sync({ source: { schema: 'CDI', table: 'users' } })] } }],
    [
      'to another workspace',
      { declared: { workspaces: [workspace(), second], syncs: [sync({ workspace: 'second' })] } },
    ],
    ['with its credential', { declared: { credentials: [credential({ database: 'prod' })] } }],
    [
      'with its workspace',
      { declared: { workspaces: [workspace({ endpoint: 'https://rest.iad-02.braze.com' })] } },
    ],
    [
      'with its workspace, while it is not declared',
      { declared: { workspaces: [workspace({ endpoint: 'https://rest.iad-02.braze.com' })], syncs: [] } },
    ],
    [
      'to another database',
      {
        declared: {
          credentials: [credential(), credential({ name: 'prod', database: 'prod' })],
          syncs: [sync({ credential: 'prod' })],
        },
      },
    ],
    [
      'back after a delete',
      { current: { syncs: [stored(sync(), { deleted: true })], scheduleHashes: new Map() } },
    ],
  ];

  it.each(moves)('%s needs an answer, else nothing changes', (_how, input) => {
    expect(refusalsOf(input)).toEqual(['answer_needed users']);
  });

  it.each(moves)('%s is refused while a run is open, whatever the answer', (_how, input) => {
    expect(refusalsOf({ ...input, open: ['users'], answers: { users: 'reset' } })).toEqual([
      'run_open users',
    ]);
  });

  it.each(moves)('%s goes on with the answer', (_how, input) => {
    for (const answer of ['keep', 'reset'] as const) {
      expect(syncStep({ ...input, answers: { users: answer } })).toMatchObject({
        action: expect.stringMatching(/update|create/) as string,
        watermark: answer,
        retest: true,
      });
    }
  });

  it.each(moves)('%s needs no answer before its first run', (_how, input) => {
    const syncs = input.current?.syncs ?? [stored(sync())];
    const current = { ...input.current, syncs: syncs.map((one) => ({ ...one, hasWatermark: false })) };
    expect(refusalsOf({ ...input, current })).toEqual([]);
    expect(syncStep({ ...input, current })).toMatchObject({ watermark: 'keep' });
  });

  it('to another catalog needs an answer', () => {
    const catalog = (name: string): SyncDefinition => sync({ data_type: 'catalog', catalog: name });
    const input = { declared: { syncs: [catalog('b')] }, current: { syncs: [stored(catalog('a'))] } };
    expect(refusalsOf(input)).toEqual(['answer_needed users']);
  });

  it.each<[string, Case]>([
    ['another schedule', { declared: { syncs: [sync({ schedule: { every: '1h' } })] } }],
    ['another user of the database', { declared: { credentials: [credential({ user: 'other' })] } }],
    [
      'a slash after the endpoint',
      { declared: { workspaces: [workspace({ endpoint: 'https://rest.iad-01.braze.com/' })] } },
    ],
    ['another API key', { declared: { workspaces: [workspace({}, 'f2')] } }],
  ])('is not moved by %s, not even while a run is open', (_what, input) => {
    expect(refusalsOf({ ...input, open: ['users'] })).toEqual([]);
  });

  it('comes back paused until its test', () => {
    const current = { syncs: [stored(sync(), { deleted: true })], scheduleHashes: new Map<string, string>() };
    const steps = stepsOf({ current, answers: { users: 'keep' } });
    expect(steps.slice(2)).toMatchObject([
      { action: 'create' },
      { action: 'create', pausedUntilTested: true },
    ]);
  });
});

describe('answers', () => {
  it('for a sync that does not exist are refused', () => {
    expect(refusalsOf({ answers: { usres: 'keep' } })).toEqual(['answer_unknown usres']);
  });

  it('that nothing asked for change nothing, and this is said', () => {
    const made = plan({ answers: { users: 'reset' } });
    expect(made).toMatchObject({ refused: false, notes: [expect.stringMatching(/^users: .*not used/)] });
    expect(syncStep({ answers: { users: 'reset' } })).toMatchObject({
      action: 'unchanged',
      watermark: 'keep',
    });
  });
});

describe('one sync per table and workspace', () => {
  const other = sync({ name: 'others', source: { schema: 'cdi', table: 'others' } });
  const current = { syncs: [stored(sync()), stored(other)], scheduleHashes: hashesOf(sync(), other) };

  it('refuses a sync that moves onto the table of one that stays', () => {
    const moved = sync({ source: other.source });
    expect(refusalsOf({ declared: { syncs: [moved] }, current, answers: { users: 'keep' } })).toEqual([
      'table_taken others',
    ]);
  });

  it('lets it take the table of one that is pruned, or of a deleted one', () => {
    const input = {
      declared: { syncs: [sync({ source: other.source })] },
      answers: { users: 'keep' as const },
    };
    expect(refusalsOf({ ...input, current, prune: true })).toEqual([]);
    const deleted = { ...current, syncs: [stored(sync()), stored(other, { deleted: true })] };
    expect(refusalsOf({ ...input, current: deleted })).toEqual([]);
  });

  it('lets two syncs swap their tables', () => {
    const swapped = [sync({ source: other.source }), sync({ name: 'others' })];
    const answers = { users: 'reset', others: 'reset' } as const;
    expect(refusalsOf({ declared: { syncs: swapped }, current, answers })).toEqual([]);
  });

  it('refuses a new sync on a taken table, also through another credential of the same database', () => {
    const twin = sync({ name: 'twin', credential: 'second' });
    const declared = { credentials: [credential(), credential({ name: 'second' })], syncs: [sync(), twin] };
    expect(refusalsOf({ declared })).toEqual(['table_taken twin']);
  });
});

it('tells every refusal at once', () => {
  const input = {
    declared: { syncs: [sync({ data_type: 'events', source: { schema: 'cdi', table: 'b' } })] },
    answers: { nobody: 'keep' as const },
  };
  expect(refusalsOf(input)).toEqual([
    'answer_unknown nobody',
    'answer_needed users',
    'data_type_changed users',
  ]);
});

describe('lines', () => {
  it('show steps with their changes, secrets only as changed or not', () => {
    const declared = {
      workspaces: [workspace({ track_batch: 50 })],
      credentials: [credential({}, 'f2')],
      syncs: [sync({ source: { schema: 'cdi', table: 'people' } })],
    };
    expect(planLines(plan({ declared, answers: { users: 'reset' } }))).toEqual([
      '~ workspace demo: update',
      '    track_batch: 75 → 50',
      '    secret: unchanged',
      '~ credential warehouse: update',
      '    secret: changed',
      '~ sync users: update; its source changes; watermark: reset',
      '    source.table: users → people',
      '~ schedule users: update',
    ]);
  });

  it('show what is new, gone and unchanged', () => {
    const declared = {
      syncs: [
        sync({
          name: 'new',
          source: { schema: 'cdi', table: 'new' },
          notifications: { contacts: ['a@b.co'] },
        }),
      ],
    };
    expect(planLines(plan({ declared, prune: true }))).toEqual([
      '= workspace demo: unchanged',
      '= credential warehouse: unchanged',
      '+ sync new: create',
      '+ schedule new: create; paused until its connection test has passed',
      '- schedule users: delete',
      '- sync users: delete; its watermark is kept',
    ]);
  });

  it('show absent options and lists', () => {
    const before = sync({ description: 'people' });
    const after = sync({ notifications: { contacts: ['a@b.co', 'c@d.co'] }, start_from: 'now' });
    const lines = planLines(plan({ declared: { syncs: [after] }, current: { syncs: [stored(before)] } }));
    expect(lines.slice(2, 6)).toEqual([
      '~ sync users: update; start_from counts only before the first run and after a reset',
      '    description: people → none',
      '    notifications.contacts: ["data@example.com"] → ["a@b.co","c@d.co"]',
      '    start_from: beginning → now',
    ]);
  });

  it('show the question in full', () => {
    const input = { declared: { syncs: [sync({ source: { schema: 'cdi', table: 'people' } })] } };
    expect(planLines(plan(input))).toEqual([
      '! users: its source changes; say --watermark users=keep (go on after the last delivered row) or --watermark users=reset (begin anew)',
    ]);
  });
});
