/** The first step of a run: is everything there that the run needs? */
import type { DataType } from '../model/data-type.ts';
import type { Trigger } from '../model/run.ts';
import { workflowRunId } from './caller.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { withSource } from './warehouses/open-source.ts';

export interface TestConnectionInput {
  readonly sync: string;
  readonly run: string;
  readonly trigger: Trigger;
}

export interface TestedSource {
  readonly dataType: DataType;
  /** Table or view, as `schema.table`. */
  readonly source: string;
  readonly warehouse: string;
  readonly workspace: string;
}

/**
 * Opens the run's record, connects, and checks table and columns, so that a run that fails here is on record too.
 *
 * @throws CdiError every class of the connection test
 */
export function testConnection({ ledger }: ActivityDependencies) {
  return async ({ sync: name, run, trigger }: TestConnectionInput): Promise<TestedSource> =>
    withHeartbeat(async (signal) => {
      const { definition } = await ledger.definitions.sync(name);
      await ledger.runs.open({
        id: run,
        sync: name,
        dataType: definition.data_type,
        trigger,
        workflowRunId: workflowRunId(),
      });
      const credential = await ledger.definitions.credential(definition.credential);
      await withSource(ledger, definition, { signal, label: `braze-cdi ${name}` }, async () => undefined);
      return {
        dataType: definition.data_type,
        source: `${definition.source.schema}.${definition.source.table}`,
        warehouse: credential.definition.warehouse,
        workspace: definition.workspace,
      };
    });
}
