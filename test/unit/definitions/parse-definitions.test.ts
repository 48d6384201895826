import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../client/definitions/definition-problem.ts';
import { parseDefinitions, type ParsedDefinitions } from '../../../client/definitions/parse-definitions.ts';

const WORKSPACE = `kind: workspace
name: demo
endpoint: https://rest.iad-01.braze.com
api_key: \${env:BRAZE_KEY}
`;
const CREDENTIAL = `kind: credential
name: warehouse
warehouse: redshift
host: cluster.example.com
database: dev
user: braze
password: \${file:/run/secrets/redshift}
`;
const SYNC = `kind: sync
name: users
workspace: demo
credential: warehouse
source: { schema: cdi, table: users }
data_type: attributes
schedule: { every: 15m }
notifications: { contacts: [data@example.com] }
`;

const read = (...texts: string[]): ParsedDefinitions =>
  parseDefinitions(texts.map((text, index) => ({ name: `file-${index + 1}.yaml`, text })));

/** The problems as lines of text, without the name of the only file. */
function problemsOf(...texts: string[]): string[] {
  const parsed = read(...texts);
  return parsed.valid ? [] : parsed.problems.map(formatProblem);
}

/** A sync with some of its lines replaced; a key that it lacks is added. */
function syncWith(options: Record<string, string>): string {
  const lines = SYNC.trimEnd().split('\n');
  for (const [key, value] of Object.entries(options)) {
    const index = lines.findIndex((line) => line.startsWith(`${key}:`));
    if (index < 0) lines.push(`${key}: ${value}`);
    else lines[index] = `${key}: ${value}`;
  }
  return lines.join('\n');
}

const syncProblems = (options: Record<string, string>): string[] =>
  problemsOf(WORKSPACE, CREDENTIAL, syncWith(options)).map((line) => line.replace('file-3.yaml:', ''));

describe('valid definitions', () => {
  it('are sorted by kind, with defaults filled in, from several documents and files', () => {
    const parsed = read(`${WORKSPACE}---\n${CREDENTIAL}---\n# nothing here\n`, SYNC);
    if (!parsed.valid) throw new Error(parsed.problems.map(formatProblem).join('\n'));
    expect(parsed.definitions.workspaces).toMatchObject([{ name: 'demo', track_batch: 75 }]);
    expect(parsed.definitions.credentials).toMatchObject([{ name: 'warehouse', port: 5439, tls: 'verify' }]);
    expect(parsed.definitions.syncs).toMatchObject([
      { name: 'users', start_from: 'beginning', options: { page_size: 10_000, safety_lag: '5s' } },
    ]);
    expect(parsed.warnings).toEqual([]);
  });

  it('may refer to what the ledger already knows', () => {
    const parsed = parseDefinitions([{ name: 'a.yaml', text: SYNC }], {
      workspaces: ['demo'],
      credentials: ['warehouse'],
    });
    expect(parsed.valid).toBe(true);
  });

  it('may share options through anchors', () => {
    const aliased = syncWith({ name: '&name users', description: '*name' });
    expect(problemsOf(WORKSPACE, CREDENTIAL, aliased)).toEqual([]);
  });

  it('come with warnings for schedules that may surprise', () => {
    const parsed = read(
      WORKSPACE,
      CREDENTIAL,
      syncWith({ schedule: '{cron: "0 2 * * *", time_zone: Europe/Paris}' }),
    );
    if (!parsed.valid) throw new Error('expected valid definitions');
    expect(parsed.warnings.map(formatProblem)).toEqual([
      expect.stringMatching(/^file-3\.yaml:7: schedule: a time between 00:00 and 03:59 in Europe\/Paris/),
    ]);
  });
});

describe('problems of one document', () => {
  it.each([
    [{ kind: 'snyc' }, '1: kind: must be one of workspace, credential, sync; did you mean sync?'],
    [{ kind: 'stream-of-rows' }, '1: kind: must be one of workspace, credential, sync'],
    [{ shedule: 'manual' }, '9: shedule: there is no such option; did you mean schedule?'],
    [
      { options: '{ page_sise: 5 }' },
      '9: options.page_sise: there is no such option; did you mean page_size?',
    ],
    [
      { source: '{ schema: cdi }' },
      '5: source.table: is required; Name of the table or view, exactly as the warehouse spells it',
    ],
    [
      { data_type: 'event' },
      '6: data_type: must be one of attributes, events, purchases, user_deletes, catalog; did you mean events?',
    ],
    [{ name: '12' }, '2: name: must be text; put the value in quotes'],
    [
      { name: 'Users' },
      '2: name: is not valid; use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit',
    ],
    [{ update_existing_only: '"yes"' }, '9: update_existing_only: must be true or false'],
    [{ options: '{ rate_share: 2 }' }, '9: options.rate_share: must be at most 1'],
    [{ options: '{ rate_share: 0 }' }, '9: options.rate_share: must be more than 0'],
    [{ options: '{ page_size: 1.5 }' }, '9: options.page_size: must be a whole number'],
    [
      { options: '{ safety_lag: 5 seconds }' },
      '9: options.safety_lag: is not valid; write a duration such as 500ms, 5s, 15m or 2h',
    ],
    [{ source: '{ schema: "", table: users }' }, '5: source.schema: must not be empty'],
    [{ notifications: '{ contacts: [] }' }, '8: notifications.contacts: give at least one address'],
    [
      { notifications: '{ contacts: [nobody] }' },
      '8: notifications.contacts[0]: is not valid; write an e-mail address',
    ],
    [
      { catalog: 'shop' },
      '9: catalog: `catalog` is required for data_type catalog, and not allowed for the others',
    ],
    [
      { start_from: 'yesterday' },
      '9: start_from: is not valid; write `beginning`, `now`, or a UTC time such as 2026-01-31T00:00:00Z',
    ],
    [{ start_from: '2026-02-31T00:00:00Z' }, '9: start_from: there is no such date or time'],
    [
      { schedule: '{ every: 7m }' },
      '7: schedule.every: must be one of 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h, 1 day, 1 week, 1 month',
    ],
    [
      { schedule: '{ every: 15m, timezone: UTC }' },
      '7: schedule.timezone: there is no such option; did you mean time_zone?',
    ],
    [
      { schedule: '15m' },
      expect.stringMatching(/^7: schedule: must be manual or a mapping of options; When the sync runs/),
    ],
  ])('%o', (options, problem) => {
    expect(syncProblems(options)).toEqual([problem]);
  });

  it('explains a union of constants', () => {
    const text = WORKSPACE.replace('name: demo', 'name: demo\ntrack_batch: 60');
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^file-1\.yaml:3: track_batch: must be 75 or 50 or legacy; Objects per/),
    ]);
  });

  it('explains an unknown warehouse', () => {
    expect(problemsOf(CREDENTIAL.replace('redshift', 'redshfit'))).toEqual([
      'file-1.yaml:3: warehouse: must be one of snowflake, redshift, bigquery, databricks, fabric; did you mean redshift?',
    ]);
  });

  it.each([
    'https://rest.iad-01.braze.com/users',
    'https://me@rest.iad-01.braze.com',
    'https://a.b?c',
    'rest.iad-01.braze.com',
  ])('refuses the endpoint %s', (endpoint) => {
    const problems = problemsOf(WORKSPACE.replace('https://rest.iad-01.braze.com', endpoint));
    expect(problems[0]).toMatch(/^file-1\.yaml:3: endpoint: is not valid; write/);
  });

  it('tells a document that is no mapping', () => {
    expect(problemsOf('- kind: sync')).toEqual([
      'file-1.yaml:1: must be a mapping of options; begin with kind: workspace, credential, sync',
    ]);
  });
});

describe('every problem at once', () => {
  it('covers all documents of all files, with their lines', () => {
    const problems = problemsOf(
      `${WORKSPACE.replace('demo', 'Demo')}---\n${CREDENTIAL.replace('port', 'prot').replace('database', 'databse')}`,
      'kind: sync\nname: "unfinished',
      syncWith({ data_type: 'nothing', workspace: 'dmeo' }),
    );
    expect(problems.map((line) => line.replace(/;.*/, ''))).toEqual([
      'file-1.yaml:2: name: is not valid',
      'file-1.yaml:6: database: is required',
      'file-1.yaml:10: databse: there is no such option',
      'file-2.yaml:2: a quote, a bracket or a colon is missing',
      'file-3.yaml:6: data_type: must be one of attributes, events, purchases, user_deletes, catalog',
    ]);
  });
});

describe('secrets in clear', () => {
  const SECRET = 'hunter2-secret';
  it.each([
    ['plain', `password: ${SECRET}`, 'write a secret as ${env:NAME} or ${file:PATH}, never in clear'],
    ['under a wrong name', `pasword: ${SECRET}`, 'there is no such option'],
    ['like an alias', `password: *${SECRET}`, 'in quotes'],
    ['like a tag', `password: !${SECRET}`, 'in quotes'],
    ['like a reserved sign', `password: "@`.replace('"', '') + SECRET, 'in quotes'],
    ['with an escape', `password: "\\q${SECRET}"`, 'single quotes'],
    ['with a colon', `password: a: ${SECRET}`, 'colon'],
    ['in an open quote', `password: "${SECRET}`, 'quote'],
    ['as a directive', `%${SECRET} x\n---\nkind: credential`, ''],
  ])('are refused without being shown (%s)', (_name, line, hint) => {
    const text = CREDENTIAL.replace(/^password: .*$/m, () => line);
    const parsed = read(text.startsWith('%') ? text : line.startsWith('%') ? line : text);
    expect(parsed.valid).toBe(false);
    const shown = JSON.stringify(parsed);
    expect(shown).toContain(hint);
    expect(shown).not.toContain(SECRET);
  });

  it('are refused as an API key', () => {
    expect(problemsOf(WORKSPACE.replace('${env:BRAZE_KEY}', 'abc-123'))).toEqual([
      'file-1.yaml:4: api_key: is not valid; write a secret as ${env:NAME} or ${file:PATH}, never in clear',
    ]);
  });
});

describe('problems between documents', () => {
  it('finds two definitions of one kind and name', () => {
    expect(problemsOf(WORKSPACE, `\n${WORKSPACE}`)).toEqual([
      'file-2.yaml:3: name: there is another workspace of this name; rename one of them: the other is at file-1.yaml:2',
    ]);
  });

  it('lets a workspace and a credential share a name', () => {
    expect(problemsOf(WORKSPACE, CREDENTIAL.replace('name: warehouse', 'name: demo'))).toEqual([]);
  });

  it('refuses two syncs on one table of one workspace', () => {
    expect(problemsOf(WORKSPACE, CREDENTIAL, SYNC, syncWith({ name: 'users-again' }))).toEqual([
      'file-4.yaml:5: source: sync users already sends this table to the workspace; read a table with one sync per workspace, or through a view of its own',
    ]);
  });

  it('sees through two credentials of one database', () => {
    const second = CREDENTIAL.replace('name: warehouse', 'name: other').replace('user: braze', 'user: admin');
    const sync = syncWith({ name: 'users-again', credential: 'other' });
    expect(problemsOf(WORKSPACE, CREDENTIAL, second, SYNC, sync)).toHaveLength(1);
    const elsewhere = second.replace('database: dev', 'database: prod');
    expect(problemsOf(WORKSPACE, CREDENTIAL, elsewhere, SYNC, sync)).toEqual([]);
  });

  it('lets two workspaces read one table, and one workspace two tables', () => {
    const second = WORKSPACE.replace('name: demo', 'name: staging');
    const toSecond = syncWith({ name: 'users-staging', workspace: 'staging' });
    const otherTable = syncWith({ name: 'others', source: '{ schema: cdi, table: Users }' });
    expect(problemsOf(WORKSPACE, second, CREDENTIAL, SYNC, toSecond, otherTable)).toEqual([]);
  });

  it('names references that lead nowhere', () => {
    expect(
      problemsOf(WORKSPACE, CREDENTIAL, syncWith({ workspace: 'dmeo', credential: 'snowflake' })),
    ).toEqual([
      'file-3.yaml:3: workspace: there is no workspace of this name; did you mean demo?',
      'file-3.yaml:4: credential: there is no credential of this name; declare it in a file with kind: credential',
    ]);
  });

  it('accepts a reference to a definition that has another fault', () => {
    expect(problemsOf(`${WORKSPACE}nonsense: 1\n`, CREDENTIAL, SYNC)).toHaveLength(1);
  });
});

describe('webhooks', () => {
  const hook = (fields: string): string => `${WORKSPACE}webhooks: [{ ${fields} }]\n`;

  it('take an address in clear or as a reference, and a key only as a reference', () => {
    for (const fields of [
      'name: ops, url: "https://a.example/x"',
      'name: ops, url: "${env:HOOK}", secret: "${env:KEY}"',
    ])
      expect(problemsOf(hook(fields))).toEqual([]);
    expect(problemsOf(hook('name: ops, url: "https://a.example/x", secret: plain'))).toHaveLength(1);
    expect(problemsOf(hook('name: ops, url: "ftp://a.example/x"'))).toEqual([
      'file-1.yaml:5: webhooks[0].url: is not valid; write https://…, or ${env:NAME} or ${file:PATH} where the URL is a secret',
    ]);
  });

  it('that a sync names must be those of its workspace, as far as that is known', () => {
    const sync = (names: string): string =>
      syncWith({ notifications: `{ contacts: [data@example.com], webhooks: ${names} }` });
    const workspace = hook('name: ops, url: "https://a.example/x"');
    expect(problemsOf(workspace, CREDENTIAL, sync('[ops]'))).toEqual([]);
    expect(problemsOf(workspace, CREDENTIAL, sync('[]'))).toEqual([]);
    expect(problemsOf(workspace, CREDENTIAL, sync('[op]'))).toEqual([
      'file-3.yaml:8: notifications.webhooks: workspace demo has no webhook op; declare it there',
    ]);
  });
});

describe('broken YAML', () => {
  it.each([
    ['a: b: c', 'colon'],
    ['kind: sync\nkind: sync', 'this option stands twice'],
    ['a:\n\t- b', 'tabs'],
    ['kind: sync\nname: *missing', 'in quotes'],
  ])('%j', (text, words) => {
    expect(problemsOf(text).join('\n')).toContain(words);
  });

  it('refuses a bomb of aliases', () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) =>
        `l${level}: &l${level} [${
          level === 0
            ? 'x'
            : Array(9)
                .fill(`*l${level - 1}`)
                .join()
        }]`,
    );
    expect(problemsOf(`kind: sync\n${levels.join('\n')}`)).toEqual(['file-1.yaml:1: has too many aliases']);
  });
});
