/** The first step of a run: is everything there that the run needs? */
import type { DataType } from '../model/data-type.ts';
import type { SyncDefinition } from '../model/definitions.ts';
import { ROWS_CEILING, type RunSize } from '../model/guard.ts';
import type { Trigger } from '../model/run.ts';
import type { SourceColumns } from '../model/source-columns.ts';
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
  /** What a run may send unasked. */
  readonly limits: RunSize;
  /** Whether the run is to be counted first. */
  readonly isGuarded: boolean;
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
      const columns = await withSource(
        ledger,
        definition,
        { signal, label: `braze-cdi ${name}` },
        async (source) => source.columns,
      );
      return {
        dataType: definition.data_type,
        source: `${definition.source.schema}.${definition.source.table}`,
        warehouse: credential.definition.warehouse,
        workspace: definition.workspace,
        ...guardOf(definition, columns),
      };
    });
}

/** With `full_refresh` only reading the table tells what is new, so the limits alone hold there. */
function guardOf(
  { data_type: dataType, options, full_refresh: isFullRefresh }: SyncDefinition,
  columns: SourceColumns,
): Pick<TestedSource, 'limits' | 'isGuarded'> {
  const deletes = options.max_deletes_per_run;
  const rows = options.max_rows_per_run ?? ROWS_CEILING;
  const mayDelete = dataType === 'user_deletes' || columns.deleted !== undefined;
  return {
    limits: { rows, deletes: mayDelete ? deletes : ROWS_CEILING },
    isGuarded:
      !isFullRefresh && (options.max_rows_per_run !== undefined || (mayDelete && deletes < ROWS_CEILING)),
  };
}
