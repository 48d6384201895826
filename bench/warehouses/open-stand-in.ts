/** Opens the server that stands in for a warehouse, outside the tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../client/embedded/postgres.ts';
import type { Warehouse } from '../../model/warehouse-credentials.ts';
import { openBigquery } from '../../test/warehouses/bigquery/stand-in.ts';
import { openDatabricks } from '../../test/warehouses/databricks/stand-in.ts';
import { openFabric } from '../../test/warehouses/fabric/stand-in.ts';
import { openRedshift } from '../../test/warehouses/redshift/stand-in.ts';
import { openSnowflake } from '../../test/warehouses/snowflake/stand-in.ts';
import type { StandIn } from '../../test/warehouses/stand-in.ts';

export const STAND_INS: Readonly<Record<Warehouse, (cleanup: AsyncDisposableStack) => Promise<StandIn>>> = {
  snowflake: async (cleanup) => cleanup.use(await openSnowflake()),
  redshift: async (cleanup) => {
    const folder = await mkdtemp(join(tmpdir(), 'cdi-bench-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const log = join(folder, 'postgres.log');
    const login = { user: 'bench', password: 'bench' };
    const postgres = await startPostgres({ dataDir: join(folder, 'data'), port: 0, ...login, log });
    cleanup.defer(() => postgres.stop());
    return cleanup.use(await openRedshift({ postgresUrl: postgres.url, postgresLog: log }));
  },
  bigquery: async (cleanup) => cleanup.use(await openBigquery()),
  databricks: async (cleanup) => cleanup.use(await openDatabricks()),
  fabric: async (cleanup) => cleanup.use(await openFabric()),
};
