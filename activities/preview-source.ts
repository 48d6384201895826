/** The connection test with a preview: what the first rows would become. Nothing is sent. */
import type { Column } from '../model/source-columns.ts';
import type { Preview } from '../model/preview.ts';
import type { SourceRow } from '../model/row.ts';
import { endpointOf } from './braze/endpoints.ts';
import { packBatches } from './braze/pack.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { RowPage, RowPageWriter } from './rows/row-page.ts';
import { packLimits, rulesOf } from './validate.ts';
import { TextArena } from './validation/text-arena.ts';
import { validatePage } from './validation/validate-page.ts';
import { movesWithClock } from './warehouses/moves-with-clock.ts';
import { withSource } from './warehouses/open-source.ts';

const PREVIEW_ROWS = 10;

export interface PreviewInput {
  readonly sync: string;
  /** Under which the preview is left in the ledger, sealed. */
  readonly preview: string;
}

/** @throws CdiError every class of the connection test */
export function previewSource({ ledger }: ActivityDependencies) {
  return async ({ sync: name, preview: id }: PreviewInput): Promise<{ rows: number; rejected: number }> =>
    withHeartbeat(async (signal) => {
      const { definition } = await ledger.definitions.sync(name);
      const { definition: workspace } = await ledger.definitions.workspace(definition.workspace);
      const preview = await withSource(
        ledger,
        definition,
        { signal, label: `braze-cdi test ${name}` },
        async (source) => {
          const { now, upper } = await source.connection.clock(0);
          const rows: SourceRow[] = [];
          const range = { from: null, inclusive: true, to: definition.full_refresh ? null : upper };
          for await (const group of source.connection.read(
            definition.source,
            source.columns,
            range,
            PREVIEW_ROWS,
          )) {
            rows.push(...group);
          }
          const writer = new RowPageWriter();
          for (const row of rows) writer.add(row);
          const { objects, texts, rejected } = await validatePage(
            new RowPage(writer.finish()),
            rulesOf(definition),
            new TextArena(),
            async () => undefined,
          );
          const requests = packBatches(objects, packLimits(workspace)).map((batch) => {
            const { method, path, open, close } = endpointOf(batch.kind, definition.catalog ?? '');
            return {
              method,
              path,
              body:
                open +
                batch.objects.map(({ start, end }) => texts.toString('utf8', start, end)).join(',') +
                close,
            };
          });
          const result: Preview = {
            columns: (Object.values(source.columns) as Column[]).map(
              (column) => `${column.name} ${column.type}`,
            ),
            rows,
            requests,
            rejected,
            futureRows: await source.connection.countAfter(definition.source, source.columns, now),
            movesWithClock: !definition.full_refresh && (await movesWithClock(source, definition.source)),
            nullRows: await source.connection.countWithoutTimestamp(definition.source, source.columns),
          };
          return result;
        },
      );
      await ledger.previews.put(id, preview);
      await ledger.definitions.markTested(name);
      return { rows: preview.rows.length, rejected: preview.rejected.length };
    });
}
