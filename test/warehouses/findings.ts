/**
 * What the connection test finds, word for word, where a customer has given a wrong password, has forgotten a grant, or has a
 * warehouse that is stopped or out of quota: printed in docs/warehouse-errors.md.
 */
import { classifyBigquery } from '../../activities/warehouses/bigquery/errors.ts';
import { classifyDatabricks } from '../../activities/warehouses/databricks/errors.ts';
import { stillAsleep } from '../../activities/warehouses/databricks/wake.ts';
import { classifyFabric } from '../../activities/warehouses/fabric/errors.ts';
import { classifySnowflake } from '../../activities/warehouses/snowflake/errors.ts';
import type { ErrorType } from '../../model/errors.ts';
import type { Warehouse } from '../../model/warehouse-credentials.ts';
import type { Situation } from './stand-in.ts';

export interface Finding {
  /** What is wrong. */
  readonly what: string;
  readonly type: ErrorType;
  readonly message: string;
  /** The vendor's own. */
  readonly code: string;
  /** The situation of the suite that shows it, or what the driver's error comes to that the stand-in does not send. */
  readonly shown: Situation | (() => Error);
}

const driverError = (facts: object): Error => Object.assign(new Error('the words of the vendor'), facts);
const googleError = (reason: string): Error => driverError({ errors: [{ reason, message: '' }] });

export const FINDINGS: { readonly [W in Warehouse]: readonly Finding[] } = {
  snowflake: [
    {
      what: 'Another private key than the one of the user',
      type: 'credentials_invalid',
      message:
        'Snowflake refused the key pair: the user has another public key, or the clock of this machine is wrong (390144).',
      code: '390144',
      shown: 'wrong_password',
    },
    {
      what: 'A right on the table, but not SELECT',
      type: 'permission_denied',
      message:
        'The role lacks a right in Snowflake: USAGE on database, schema and virtual warehouse, or SELECT on the table (003001).',
      code: '003001',
      shown: 'permission_denied',
    },
    {
      what: 'No right on the table at all',
      type: 'table_missing',
      message:
        'The table or view does not exist in Snowflake, or the role lacks SELECT on it: Snowflake does not tell which. ' +
        'Names count with their case, which is upper unless they were created in quotes (002003).',
      code: '002003',
      shown: 'table_missing',
    },
    {
      what: 'A virtual warehouse that is suspended and does not resume by itself',
      type: 'warehouse_busy',
      message:
        'No virtual warehouse is running: resume it, or let it resume by itself (AUTO_RESUME) (000606).',
      code: '000606',
      shown: 'warehouse_busy',
    },
    {
      what: 'A resource monitor whose quota is used up',
      type: 'warehouse_busy',
      message:
        'A resource monitor of Snowflake has stopped the virtual warehouse: its quota is used up (090073).',
      code: '090073',
      shown: () => classifySnowflake(driverError({ code: '090073' })),
    },
  ],
  redshift: [
    {
      what: 'A wrong password',
      type: 'credentials_invalid',
      message: 'Redshift refused user, password or database (28P01).',
      code: '28P01',
      shown: 'wrong_password',
    },
    {
      what: 'A missing grant',
      type: 'permission_denied',
      message: 'The Redshift user lacks USAGE on the schema or SELECT on the table (42501).',
      code: '42501',
      shown: 'permission_denied',
    },
    {
      what: 'A cluster that is paused, and takes no connections',
      type: 'warehouse_unreachable',
      message: 'No connection to the Redshift endpoint (ECONNREFUSED).',
      code: 'ECONNREFUSED',
      shown: 'unreachable',
    },
    {
      what: 'No connection left for the user',
      type: 'warehouse_busy',
      message: 'Redshift lacks resources or takes no connections now (53300).',
      code: '53300',
      shown: 'warehouse_busy',
    },
  ],
  bigquery: [
    {
      what: 'A key that the service account does not have, or not any more',
      type: 'credentials_invalid',
      message:
        'Google refused the key of the service account: it is wrong or was deleted, or the clock of the worker is wrong (authError).',
      code: 'authError',
      shown: 'wrong_password',
    },
    {
      what: 'A missing grant',
      type: 'permission_denied',
      message:
        'The service account may not do this; it needs the roles BigQuery Job User on the project and BigQuery Data Viewer on the dataset; ' +
        'it lacks bigquery.tables.getData (accessDenied).',
      code: 'accessDenied',
      shown: 'permission_denied',
    },
    {
      what: 'Too many requests',
      type: 'warehouse_busy',
      message:
        'BigQuery takes no queries of the project now, for lack of quota, billing or resources (rateLimitExceeded).',
      code: 'rateLimitExceeded',
      shown: 'warehouse_busy',
    },
    {
      what: 'A quota that is used up',
      type: 'warehouse_busy',
      message:
        'BigQuery takes no queries of the project now, for lack of quota, billing or resources (quotaExceeded).',
      code: 'quotaExceeded',
      shown: () => classifyBigquery(googleError('quotaExceeded')),
    },
    {
      what: 'A project without billing',
      type: 'warehouse_busy',
      message: 'Billing is not enabled for the project (billingNotEnabled).',
      code: 'billingNotEnabled',
      shown: () => classifyBigquery(googleError('billingNotEnabled')),
    },
  ],
  databricks: [
    {
      what: 'A wrong secret of the service principal',
      type: 'credentials_invalid',
      message: 'Databricks refused client id and secret of the service principal (HTTP 401).',
      code: 'HTTP 401',
      shown: 'wrong_password',
    },
    {
      what: 'A missing grant',
      type: 'permission_denied',
      message:
        'The Databricks user lacks CAN USE on the SQL warehouse, USE CATALOG, USE SCHEMA or SELECT on the table (42501).',
      code: '42501',
      shown: 'permission_denied',
    },
    {
      what: 'A SQL warehouse that is stopped, and finds nothing to start on',
      type: 'warehouse_busy',
      message: 'The SQL warehouse is stopped, is starting, or lacks resources (RESOURCE_EXHAUSTED).',
      code: 'RESOURCE_EXHAUSTED',
      shown: 'warehouse_busy',
    },
    {
      what: 'A SQL warehouse that is stopped, and is not up within five minutes',
      type: 'warehouse_busy',
      message:
        'The SQL warehouse did not start within 300 seconds. Start it under SQL Warehouses in Databricks, and see there what ' +
        'keeps it from starting; a serverless one is up in seconds.',
      code: 'HTTP 503',
      shown: () => stillAsleep(300_000, classifyDatabricks(driverError({ statusCode: 503 }))),
    },
  ],
  fabric: [
    {
      what: 'A wrong client secret',
      type: 'credentials_invalid',
      message:
        'Entra refused the client secret: it is wrong, or it is the id of the secret instead of its value (AADSTS7000215).',
      code: 'AADSTS7000215',
      shown: 'wrong_password',
    },
    {
      what: 'A missing grant',
      type: 'permission_denied',
      message: 'The app lacks SELECT on the table or view, or on one of its columns (229).',
      code: '229',
      shown: 'permission_denied',
    },
    {
      what: 'A capacity beyond its limits',
      type: 'warehouse_busy',
      message: 'The Fabric capacity has exceeded its limits (24801).',
      code: '24801',
      shown: 'warehouse_busy',
    },
    {
      what: 'A capacity that is paused',
      type: 'warehouse_busy',
      message: 'The Fabric capacity is paused (24802).',
      code: '24802',
      shown: () => classifyFabric(driverError({ number: 24_802 })),
    },
  ],
};
