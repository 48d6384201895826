/** Opens a session on a SQL warehouse and keeps the means to end what it does. */
import type { DBSQLSession } from '@databricks/sql';
import { CdiError } from '../../../model/errors.ts';
import type { DatabricksCredential } from '../../../model/credentials/databricks.ts';
import { inTime, settled } from '../in-time.ts';
import { type ConnectOptions, DEADLINES, type OpenedCredential } from '../warehouse.ts';
import { type Client, clientFor } from './client.ts';
import { CHECK_ANSWER, checkQuery, labelComment } from './sql.ts';
import { Statement, type StatementLimits } from './statement.ts';
import { onceAwake, stillAsleep } from './wake.ts';

type Session = Pick<DBSQLSession, 'executeStatement' | 'close'>;

/** A warehouse that is stopped gets so many times as long as a connection: five minutes. */
const WAKE_FACTOR = 10;
/** Nothing waits longer for the server to note an end. */
const GOODBYE_MS = 2_000;
/** A query should end within the hour that the reference names; beyond it the server ends it. */
const STATEMENT_TIMEOUT_S = 3_600;

export interface DatabricksConnection {
  /** Sends a statement, to be disposed of. @param firstRows how many rows may come with the first answer */
  execute(sql: string, firstRows: number): Statement;
  close(): Promise<void>;
}

/** @throws CdiError; `warehouse_busy` where the warehouse does not start in time */
export async function connectDatabricks(
  credential: OpenedCredential<DatabricksCredential>,
  options: ConnectOptions,
): Promise<DatabricksConnection> {
  const { signal, label, deadlines = DEADLINES } = options;
  signal.throwIfAborted();
  const client = await clientFor(credential, label, deadlines.connectMs);
  let closing: Promise<void> | undefined;
  const onAbort = (): void => void close();
  const goodbye = async (): Promise<void> => {
    signal.removeEventListener('abort', onAbort);
    await settled(client.close(), GOODBYE_MS);
    client.cut();
  };
  const close = (): Promise<void> => (closing ??= goodbye());
  signal.addEventListener('abort', onAbort, { once: true });

  const limits: StatementLimits = { answerMs: deadlines.answerMs, signal, goodbyeMs: GOODBYE_MS };
  const wakeMs = WAKE_FACTOR * deadlines.connectMs;
  const openAwake = async (leftMs: number): Promise<Session> => {
    const session = await inTime({ signal, ms: deadlines.connectMs, late: noAnswer }, () =>
      openSession(client, credential.definition.catalog),
    );
    const check = execute(session, label, checkQuery(), 1, {
      ...limits,
      answerMs: leftMs,
      late: () => stillAsleep(wakeMs),
    });
    try {
      await expectUtc(check);
    } catch (error) {
      await settled(session.close(), GOODBYE_MS);
      throw error;
    }
    return session;
  };
  try {
    const session = await onceAwake(openAwake, wakeMs, signal);
    return { execute: (sql, firstRows) => execute(session, label, sql, firstRows, limits), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const noAnswer = (): Error => new CdiError('warehouse_unreachable', 'The SQL warehouse does not answer.');

function openSession(client: Client, catalog: string): Promise<Session> {
  return client.openSession({
    initialCatalog: catalog,
    // Source: "Configuration parameters" of the SQL reference; a SQL warehouse takes no others.
    configuration: {
      TIMEZONE: 'UTC',
      LEGACY_TIME_PARSER_POLICY: 'CORRECTED',
      STATEMENT_TIMEOUT: String(STATEMENT_TIMEOUT_S),
    },
  });
}

/**
 * Results come over the connection itself: fetching them from cloud storage would need a way there that the network rules of
 * this installation may not leave, and ten files ahead in memory.
 */
function execute(
  session: Session,
  label: string,
  sql: string,
  firstRows: number,
  limits: StatementLimits,
): Statement {
  const operation = session.executeStatement(labelComment(label) + sql, {
    maxRows: firstRows,
    useCloudFetch: false,
  });
  return new Statement(operation, limits);
}

/** A session that is not as it was asked to be would write wrong times, and nobody would notice. */
async function expectUtc(statement: Statement): Promise<void> {
  await using check = statement;
  const [row] = await check.answer(check.fetch(1));
  if (row?.['form'] === CHECK_ANSWER) return;
  throw new CdiError(
    'query_refused',
    'The session does not write times in UTC with microseconds; `http_path` must be that of a SQL warehouse.',
  );
}
