/** Streams rows at the speed of their consumer: the driver is paused while nobody asks for more. */
import type { SourceRow } from '../../../model/row.ts';
import type { SourceColumns } from '../../../model/source-columns.ts';
import type { FabricClient } from './connect.ts';
import { patience } from './patience.ts';
import { type Query, READ_ROLES, fullWidth, rolesRead } from './sql.ts';

/** Rows handed over at a time; a few more may come with them. */
const GROUP_ROWS = 2_000;
/** Wide rows are handed over in smaller groups, so that memory stays bounded. */
const GROUP_CHARACTERS = 4 << 20;

type Values = readonly (string | boolean | null)[];

/** @throws CdiError of the warehouse's classes; the signal's reason */
export async function* readRows(
  client: FabricClient,
  query: Query,
  columns: SourceColumns,
): AsyncGenerator<SourceRow[]> {
  const rowOf = rowMaker(columns);
  let group: SourceRow[] = [];
  let characters = 0;
  let failure: unknown;
  const ended = Promise.withResolvers<undefined>();
  let hasEnded = false;
  let wake = (): void => undefined;

  const { request, text } = client.prepare(query);
  request.stream = true;
  request.arrayRowMode = true;
  // What has come by the end of a wait is handed over, however little it is.
  const waiting = patience(
    client,
    () => request.cancel(),
    () => {
      if (group.length > 0) wake();
      return group.length > 0;
    },
  );
  request.on('row', (values: Values) => {
    const row = rowOf(values);
    group.push(row);
    characters += row.payload?.length ?? 0;
    if (group.length < GROUP_ROWS && characters < GROUP_CHARACTERS) return;
    request.pause();
    wake();
  });
  // The first of several says most.
  request.on('error', (error: unknown) => (failure ??= error));
  request.on('done', () => {
    hasEnded = true;
    ended.resolve(undefined);
    wake();
  });
  void request.query(text);

  try {
    for (;;) {
      if (!hasEnded && group.length < GROUP_ROWS && characters < GROUP_CHARACTERS) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          waiting.wait();
          request.resume();
        });
        waiting.rest();
      }
      if (failure !== undefined) throw waiting.reason ?? client.classify(failure);
      const full = group;
      group = [];
      characters = 0;
      if (full.length > 0) yield full;
      // It may have failed while somebody was busy with the rows.
      if (hasEnded && failure === undefined && group.length === 0) return;
    }
  } finally {
    waiting.end();
    if (!hasEnded) {
      if (!waiting.reason) request.cancel();
      // The line is of use again once the server has understood; the driver waits for that, but not for ever.
      await ended.promise;
    }
  }
}

/** @returns what makes a row of the values that `readQuery` selects */
function rowMaker(columns: SourceColumns): (values: Values) => SourceRow {
  const read = rolesRead(columns);
  const [externalId, aliasName, aliasLabel, brazeId, email, phone, id, payload, deleted] = READ_ROLES.map(
    (role) => read.indexOf(role) + 1,
  );
  // Place 0 holds UPDATED_AT: whatever is not read is taken from there, and is null.
  const textAt = (values: Values, place: number | undefined): string | null =>
    place ? ((values[place] ?? null) as string | null) : null;
  return (values) => ({
    updatedAt: fullWidth(String(values[0])),
    externalId: textAt(values, externalId),
    aliasName: textAt(values, aliasName),
    aliasLabel: textAt(values, aliasLabel),
    brazeId: textAt(values, brazeId),
    email: textAt(values, email),
    phone: textAt(values, phone),
    id: textAt(values, id),
    payload: textAt(values, payload),
    deleted: deleted ? ((values[deleted] ?? null) as boolean | null) : null,
  });
}
