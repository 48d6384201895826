/** What the credential of each warehouse may hold, and what is made of it. */
import { describe, expect, test } from 'vitest';
import {
  CREDENTIAL_KINDS,
  type Warehouse,
  type WarehouseCredential,
  credentialKind,
  warehouseCredentialSchemas,
} from '../../../model/warehouse-credentials.ts';

/** Fields to be added; undefined leaves one out. */
type Fields = Readonly<Record<string, unknown>>;

interface Case {
  /** The least that is valid. */
  readonly least: Fields;
  readonly defaults: Fields;
  readonly takes: readonly Fields[];
  /** With the path that is at fault, and what is said. */
  readonly refuses: readonly (readonly [Fields, path: string, message?: string])[];
  readonly location: string;
  readonly account: string;
}

const SECRET = '${env:SECRET}';
const LONG = 'x'.repeat(255);
const NO_PORTS = (path: string): Case['refuses'] =>
  [0, 65_536, 443.5, '443'].map((port) => [{ [path]: port }, path]);

/** Required texts of up to so many characters. */
const texts = (most: number, ...names: string[]): Case['refuses'] =>
  names.flatMap((name) => [
    [{ [name]: '' }, name],
    [{ [name]: undefined }, name],
    [{ [name]: 'x'.repeat(most + 1) }, name],
  ]);

const FINGERPRINT = `SHA256:${'A'.repeat(43)}`;
const TUNNEL = { host: 'bastion', user: 'u', private_key: SECRET, host_key: FINGERPRINT };

const NOT_A_FINGERPRINT = 'write the fingerprint as ssh-keygen -lf prints it, SHA256:…';
const PROJECT = 'write the id of the project';
const ONE_METHOD = 'give one of `private_key`, `token` and `password`';
const EITHER = 'give either `token`, or `client_id` and `client_secret`';
const TOGETHER = '`client_id` and `client_secret` are required together';
const ACCOUNT = 'write the account identifier alone, such as myorg-myaccount';

const CASES: Readonly<Record<Warehouse, Case>> = {
  snowflake: {
    least: { account: 'MyOrg-my_account1', user: 'READER', database: 'SHOP', private_key: SECRET },
    defaults: {},
    takes: [
      { account: 'xy12345.us-east-1.aws' },
      { account: 'a.b.c.d' },
      { url: 'https://account.privatelink.example.com' },
      { url: 'http://127.0.0.1:8080' },
      { user: LONG, role: LONG, virtual_warehouse: LONG, database: LONG },
      { user: 'u', role: 'r', virtual_warehouse: 'w', database: 'd' },
      { passphrase: SECRET, private_key_2: SECRET },
      { private_key: undefined, token: SECRET },
      { private_key: undefined, password: SECRET },
    ],
    refuses: [
      [{ account: '' }, 'account', ACCOUNT],
      [{ account: 'a.' }, 'account', ACCOUNT],
      [{ account: 'a.b.c.d.e' }, 'account', ACCOUNT],
      [{ account: 'a..b' }, 'account', ACCOUNT],
      [{ account: 'https://a.snowflakecomputing.com' }, 'account', ACCOUNT],
      [{ account: 'a/' }, 'account', ACCOUNT],
      ...['ftp://a', 'xhttp://a', 'httpsx://a', 'a'].map(
        (url) => [{ url }, 'url', 'write the address of the account, https://…'] as const,
      ),
      ...texts(255, 'user', 'database'),
      [{ role: '' }, 'role'],
      [{ role: `${LONG}x` }, 'role'],
      [{ virtual_warehouse: '' }, 'virtual_warehouse'],
      [{ virtual_warehouse: `${LONG}x` }, 'virtual_warehouse'],
      [{ private_key: undefined }, '', ONE_METHOD],
      [{ token: SECRET }, '', ONE_METHOD],
      [{ token: SECRET, password: SECRET, private_key: undefined }, '', ONE_METHOD],
      [
        { private_key: undefined, token: SECRET, private_key_2: SECRET },
        'private_key_2',
        '`private_key_2` stands beside `private_key`',
      ],
    ],
    location: 'snowflake://myorg-my_account1/SHOP',
    account: 'READER@MyOrg-my_account1/SHOP',
  },
  redshift: {
    least: { host: 'Cluster.example.com', database: 'Dev', user: 'reader', password: SECRET },
    defaults: { port: 5439, tls: 'verify' },
    takes: [
      { port: 1 },
      { port: 65_535 },
      { ca: '/ca.pem' },
      { ssh: TUNNEL },
      { ssh: { ...TUNNEL, port: 1, passphrase: SECRET, host_key: `${FINGERPRINT}=` } },
      { ssh: { ...TUNNEL, port: 65_535, host: 'h', host_key: `SHA256:${'aZ09+/'.repeat(7)}b` } },
    ],
    refuses: [
      ...NO_PORTS('port'),
      ...texts(127, 'database', 'user'),
      [{ host: '' }, 'host'],
      [{ ssh: { ...TUNNEL, host: '' } }, 'ssh.host'],
      [{ ssh: { ...TUNNEL, user: '' } }, 'ssh.user'],
      [{ ssh: { ...TUNNEL, port: 0 } }, 'ssh.port'],
      [{ ssh: { ...TUNNEL, port: 65_536 } }, 'ssh.port'],
      [{ ssh: { ...TUNNEL, private_key: 'in clear' } }, 'ssh.private_key'],
      [{ ssh: { ...TUNNEL, keys: '' } }, 'ssh'],
      ...[`x${FINGERPRINT}`, `${FINGERPRINT}==`, `${FINGERPRINT}A`, `SHA256:${'_'.repeat(43)}`].map(
        (host_key) => [{ ssh: { ...TUNNEL, host_key } }, 'ssh.host_key', NOT_A_FINGERPRINT] as const,
      ),
    ],
    location: 'redshift://cluster.example.com:5439/Dev',
    account: 'reader@Cluster.example.com:5439/Dev',
  },
  bigquery: {
    least: { project: 'shop-project' },
    defaults: { location: 'US' },
    takes: [
      { project: 'abcde0' },
      { project: `a${'b'.repeat(60)}c` },
      { project: 'example.com:shop-1' },
      { location: 'E' },
      { location: 'x'.repeat(60) },
      { service_account_key: SECRET },
      { maximum_bytes_billed: 1 },
      { api_endpoint: 'https://bigquery.example.com' },
      { api_endpoint: 'http://127.0.0.1:9050' },
    ],
    refuses: [
      ...['', 'abcd', '1bcdef', 'Shop-project', 'shop-project-', 'shop project', `a${'b'.repeat(61)}c`].map(
        (project) => [{ project }, 'project', PROJECT] as const,
      ),
      [{ location: '' }, 'location'],
      [{ location: 'x'.repeat(61) }, 'location'],
      [{ service_account_key: '{}' }, 'service_account_key'],
      [{ maximum_bytes_billed: 0 }, 'maximum_bytes_billed'],
      [{ maximum_bytes_billed: 1.5 }, 'maximum_bytes_billed'],
      ...['ftp://a', 'xhttp://a', 'httpsx://a', 'a'].map(
        (url) => [{ api_endpoint: url }, 'api_endpoint', 'write the address of the API, https://…'] as const,
      ),
    ],
    location: 'bigquery://google/shop-project',
    account: 'shop-project in US',
  },
  databricks: {
    least: {
      host: 'DBC-1.cloud.databricks.com',
      http_path: '/sql/1.0/warehouses/abc',
      catalog: 'Main',
      token: SECRET,
    },
    defaults: { port: 443 },
    takes: [
      { port: 1 },
      { port: 65_535 },
      { catalog: LONG },
      { ca: '/ca.pem' },
      { token: undefined, client_id: 'c', client_secret: SECRET },
    ],
    refuses: [
      ...['', 'https://a', 'a/', 'a b'].map(
        (host) => [{ host }, 'host', 'write the server hostname alone'] as const,
      ),
      ...NO_PORTS('port'),
      ...['', '/', 'sql/1.0', 'x/sql'].map(
        (path) =>
          [
            { http_path: path },
            'http_path',
            'write the path as the connection details show it, /sql/1.0/warehouses/…',
          ] as const,
      ),
      ...texts(255, 'catalog'),
      [{ token: undefined }, '', EITHER],
      [{ client_id: 'c', client_secret: SECRET }, '', EITHER],
      [{ client_id: 'c' }, 'client_secret', TOGETHER],
      [{ token: undefined, client_secret: SECRET }, 'client_secret', TOGETHER],
      [{ token: undefined, client_id: '', client_secret: SECRET }, 'client_id'],
    ],
    location: 'databricks://dbc-1.cloud.databricks.com:443/Main',
    account: 'DBC-1.cloud.databricks.com/sql/1.0/warehouses/abc, Main',
  },
  fabric: {
    least: {
      server: 'X.datawarehouse.fabric.microsoft.com',
      database: 'Shop',
      tenant_id: 'tenant',
      client_id: 'client',
      client_secret: SECRET,
    },
    defaults: { port: 1433 },
    takes: [
      { port: 1 },
      { port: 65_535 },
      { database: 'x'.repeat(127) },
      { authority: 'https://login.microsoftonline.us' },
      { ca: '/ca.pem' },
    ],
    refuses: [
      ...['', 'tcp:a', 'a,1433', 'a b'].map(
        (server) =>
          [
            { server },
            'server',
            'write the SQL connection string alone, …datawarehouse.fabric.microsoft.com',
          ] as const,
      ),
      ...NO_PORTS('port'),
      ...texts(127, 'database'),
      [{ tenant_id: '' }, 'tenant_id'],
      [{ client_id: '' }, 'client_id'],
      [{ client_secret: 'in clear' }, 'client_secret'],
      ...['http://a', 'xhttps://a', 'httpsx://a', 'a'].map(
        (authority) =>
          [{ authority }, 'authority', 'write the address of the login service, https://…'] as const,
      ),
    ],
    location: 'fabric://x.datawarehouse.fabric.microsoft.com:1433/Shop',
    account: 'client@X.datawarehouse.fabric.microsoft.com/Shop',
  },
};

describe.each(warehouseCredentialSchemas)('a credential', (schema) => {
  const warehouse = schema.shape.warehouse.value;
  const { least, defaults, takes, refuses, location, account } = CASES[warehouse];
  const written = { kind: 'credential', name: 'own', warehouse, ...least };
  const credential: WarehouseCredential = schema.parse(written);

  test(`for ${warehouse} has its defaults`, () => {
    expect(credential).toEqual({ ...written, ...defaults });
  });

  test.each(takes)(`for ${warehouse} may hold %j`, (fields) => {
    expect(schema.safeParse({ ...written, ...fields }).error).toBeUndefined();
  });

  const refused: Case['refuses'] = [
    ...refuses,
    [{ kind: 'sync' }, 'kind'],
    [{ name: 'Not a name' }, 'name'],
    [{ unknown: 1 }, ''],
  ];

  test.each(refused.map(([fields, path, message]) => ({ fields, path, message })))(
    `for ${warehouse} may not hold $fields`,
    ({ fields, path, message }) => {
      const issues = schema.safeParse({ ...written, ...fields }).error?.issues ?? [];
      const told = issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
      expect(told).toContainEqual({ path, message: message ?? (expect.any(String) as string) });
    },
  );

  test(`for ${warehouse} tells where it leads, and who logs in`, () => {
    expect(credentialKind(credential).location(credential)).toBe(location);
    expect(credentialKind(credential).account(credential)).toBe(account);
  });
});

test('an address of its own is where a credential leads', () => {
  const { snowflake, bigquery } = CASES;
  const [snowflakeSchema, , bigquerySchema] = warehouseCredentialSchemas;
  const head = { kind: 'credential', name: 'own' };
  const url = 'https://Account.privatelink.example.com';
  const there = snowflakeSchema.parse({ ...head, warehouse: 'snowflake', ...snowflake.least, url });
  expect(CREDENTIAL_KINDS.snowflake.location(there)).toBe(
    'snowflake://https://account.privatelink.example.com/SHOP',
  );
  const endpoint = bigquerySchema.parse({
    ...head,
    warehouse: 'bigquery',
    ...bigquery.least,
    api_endpoint: 'http://127.0.0.1:9050',
  });
  expect(CREDENTIAL_KINDS.bigquery.location(endpoint)).toBe('bigquery://http://127.0.0.1:9050/shop-project');
});
