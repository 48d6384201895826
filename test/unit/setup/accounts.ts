/** Credentials, and what SQL looks like, for the tests of the set-up guides. */
import type { SetupAccount } from '../../../model/setup/setup-guide.ts';
import type { Warehouse, WarehouseCredentials } from '../../../model/warehouse-credentials.ts';

const head = { kind: 'credential' as const, name: 'mine' };

/** @param text becomes every name that a statement may hold */
export function credentialNamed(text: string): { [W in Warehouse]: WarehouseCredentials[W] } {
  return {
    snowflake: {
      ...head,
      warehouse: 'snowflake',
      account: 'myorg-myaccount',
      user: `${text}_USER`,
      role: `${text}_ROLE`,
      virtual_warehouse: `${text}_WAREHOUSE`,
      database: `${text}_DATABASE`,
      private_key: '${env:KEY}',
    },
    redshift: {
      ...head,
      warehouse: 'redshift',
      host: 'shop.abc123.eu-west-1.redshift.amazonaws.com',
      port: 5440,
      database: `${text}_database`,
      user: `${text}_user`,
      password: '${env:PASSWORD}',
      tls: 'verify',
    },
    bigquery: {
      ...head,
      warehouse: 'bigquery',
      project: 'shop-project',
      location: 'EU',
      service_account_key: '${file:key.json}',
    },
    databricks: {
      ...head,
      warehouse: 'databricks',
      host: 'dbc-1.cloud.databricks.com',
      port: 443,
      http_path: '/sql/1.0/warehouses/abc123',
      catalog: `${text}_catalog`,
      client_id: `${text}_client`,
      client_secret: '${env:SECRET}',
    },
    fabric: {
      ...head,
      warehouse: 'fabric',
      server: 'x.datawarehouse.fabric.microsoft.com',
      port: 1433,
      database: `${text}_database`,
      tenant_id: 'tenant',
      client_id: 'client',
      client_secret: '${env:SECRET}',
    },
  };
}

export const PRINCIPAL = 'reader@shop-project.iam.gserviceaccount.com';

export function accountOf(warehouse: Warehouse, text: string): SetupAccount {
  return { credential: credentialNamed(text)[warehouse], principal: PRINCIPAL, egress: [] };
}

export const NO_ACCOUNT: SetupAccount = { credential: undefined, principal: undefined, egress: [] };

/** Comment, quoted name, text, in the lexical rules of each warehouse; the first alternative that fits where one begins. */
const TOKENS: Record<Warehouse, RegExp> = {
  snowflake: /--[^\n]*|"(?:[^"]|"")*"|'(?:[^']|'')*'/g,
  redshift: /--[^\n]*|"(?:[^"]|"")*"|'(?:[^']|'')*'/g,
  bigquery: /--[^\n]*|`(?:[^`\\\n]|\\.)*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g,
  databricks: /--[^\n]*|`(?:[^`]|``)*`|'(?:[^'\\]|\\.)*'/g,
  fabric: /--[^\n]*|\[(?:[^\]]|\]\])*\]|'(?:[^']|'')*'/g,
};

/** A statement without its comments, and with every quoted name and text replaced by a mark. */
export function skeleton(warehouse: Warehouse, sql: string): string {
  return sql
    .replaceAll(TOKENS[warehouse], (token) =>
      token.startsWith('--') ? '' : token.startsWith("'") ? '?' : '@',
    )
    .replaceAll(/\s+/g, ' ')
    .trim();
}
