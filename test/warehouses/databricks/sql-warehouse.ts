/**
 * The calls of the protocol, answered as a SQL warehouse answers them: what Spark has of them is passed on to it, the rest is
 * made here, and what neither knows is refused.
 */
import type {
  TCancelOperationReq,
  TCloseOperationReq,
  TCloseSessionReq,
  TExecuteStatementReq,
  TFetchResultsReq,
  TGetOperationStatusReq,
  TGetResultSetMetadataReq,
  TOpenSessionReq,
  TSessionHandle,
} from '@databricks/sql/thrift/TCLIService_types.js';
import { Operation } from './operation.ts';
import { applyConfiguration, unknownParameter } from './session-configuration.ts';
import { asWarehouseTells } from './spark-errors.ts';
import { refusal } from './sql-guard.ts';
import { type Call, wire } from './thrift-library.ts';
import type { Upstream } from './upstream.ts';

/**
 * `starting`: a session can be opened, but is dead from the first. `unavailable`: the gateway knows of no warehouse yet.
 * `exhausted`: there is no machine to start it on.
 */
export type WarehouseState = 'running' | 'starting' | 'unavailable' | 'exhausted';

interface Session {
  readonly handle: TSessionHandle;
  readonly timeoutSeconds: number;
  /** Opened before the warehouse was up. */
  readonly isDead: boolean;
}

const { TStatusCode, TProtocolVersion } = wire;
const VERSION: number = TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8;

const key = (handle: { guid: Buffer } | undefined): string => handle?.guid.toString('hex') ?? '';
const failed = (errorMessage: string, sqlState?: string) =>
  new wire.TStatus({
    statusCode: TStatusCode.ERROR_STATUS,
    errorMessage,
    displayMessage: errorMessage,
    ...(sqlState === undefined ? {} : { sqlState }),
  });
const done = () => new wire.TStatus({ statusCode: TStatusCode.SUCCESS_STATUS });

export class SqlWarehouse {
  readonly #upstream: Upstream;
  readonly #sessions = new Map<string, Session>();
  readonly #operations = new Map<string, Operation>();
  state: WarehouseState = 'running';
  /** A cluster for all purposes takes every parameter of a session, and heeds none of a SQL warehouse. */
  isCluster = false;
  /** Whether every statement takes for ever. */
  isSlow = false;
  /** Tables that the user may not read, as `schema`.`table` in quotes. */
  readonly denied = new Set<string>();
  /** Statements as they came. */
  readonly seen: string[] = [];
  /** Those that a SQL warehouse would not have taken, with the reason. */
  readonly refused: string[] = [];

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  /** The texts of the statements that Spark is at. */
  async running(): Promise<string[]> {
    const texts: string[] = [];
    for (const operation of this.#operations.values())
      if (await operation.isGoingOn()) texts.push(operation.text);
    return texts;
  }

  /** @returns the answer; undefined for a call that a SQL warehouse is not known to answer */
  answer(call: Call, request: object): Promise<object> | undefined {
    switch (call) {
      case 'OpenSession':
        return this.#openSession(request);
      case 'CloseSession':
        return this.#closeSession(request as TCloseSessionReq);
      case 'ExecuteStatement':
        return this.#execute(request as TExecuteStatementReq);
      case 'GetOperationStatus':
        return this.#of(request as TGetOperationStatusReq, (operation) => operation.status());
      case 'GetResultSetMetadata':
        return this.#of(request as TGetResultSetMetadataReq, (operation) => operation.metadata());
      case 'FetchResults':
        return this.#of(request as TFetchResultsReq, (operation, { maxRows }) => operation.fetch(maxRows));
      case 'CancelOperation':
        return this.#of(request as TCancelOperationReq, (operation) => operation.cancel());
      case 'CloseOperation':
        return this.#of(request as TCloseOperationReq, (operation, { operationHandle }) => {
          this.#operations.delete(key(operationHandle.operationId));
          return operation.close();
        });
      default:
        return undefined;
    }
  }

  async #openSession(request: TOpenSessionReq): Promise<object> {
    const answer = { serverProtocolVersion: VERSION };
    const refuse = (message: string): object => ({ ...answer, status: failed(message) });
    if (Number(request.client_protocol_i64) !== VERSION)
      return refuse('The client does not speak version 8 of the protocol.');
    if (this.state === 'exhausted')
      return refuse('RESOURCE_EXHAUSTED: Cannot create the resource, please try again later.');
    const configuration = request.configuration ?? {};
    const unknown = this.isCluster ? undefined : unknownParameter(configuration);
    if (unknown !== undefined)
      return refuse(`[CONFIG_NOT_AVAILABLE] Configuration ${unknown} is not available. SQLSTATE: 42K0I`);

    const isDead = this.state === 'starting';
    const handle = await this.#upstream.openSession();
    try {
      const heeded = this.isCluster ? {} : configuration;
      await applyConfiguration(this.#upstream, handle, heeded, request.initialNamespace?.catalogName);
    } catch (error) {
      await this.#upstream.closeSession(handle);
      return refuse(asWarehouseTells(error instanceof Error ? error.message : ''));
    }
    const timeoutSeconds = Number(configuration['STATEMENT_TIMEOUT'] ?? 0);
    this.#sessions.set(key(handle.sessionId), { handle, timeoutSeconds, isDead });
    return { ...answer, status: done(), sessionHandle: handle };
  }

  async #closeSession({ sessionHandle }: TCloseSessionReq): Promise<object> {
    const session = this.#sessions.get(key(sessionHandle.sessionId));
    if (!session) return { status: failed('Invalid SessionHandle') };
    this.#sessions.delete(key(sessionHandle.sessionId));
    for (const [id, operation] of this.#operations) {
      if (operation.session !== session.handle) continue;
      this.#operations.delete(id);
      await operation.close();
    }
    return this.#upstream.closeSession(sessionHandle);
  }

  async #execute(request: TExecuteStatementReq): Promise<object> {
    const session = this.#sessions.get(key(request.sessionHandle.sessionId));
    const id = key(request.sessionHandle.sessionId);
    if (!session || session.isDead)
      return {
        status: failed(
          `requirement failed: Session handle: SessionHandle [${id}] has not been initialized or had already closed.`,
        ),
      };
    if (this.state !== 'running') return { status: failed('Command failed because warehouse was stopped.') };
    if (request.canDownloadResult || request.parameters?.length || request.confOverlay)
      throw new Error(
        'The front has no cloud storage, and takes neither parameters nor settings of a statement.',
      );
    this.seen.push(request.statement);
    const operation = await this.#start(session, request);
    this.#operations.set(key(operation.handle.operationId), operation);
    const answer = { status: done(), operationHandle: operation.handle };
    const maxRows: unknown = request.getDirectResults?.maxRows;
    if (maxRows === undefined) return answer;
    return { ...answer, directResults: await operation.direct(maxRows) };
  }

  async #start(session: Session, request: TExecuteStatementReq): Promise<Operation> {
    const { statement } = request;
    const denied = [...this.denied].find((table) => statement.includes(table));
    const reason = refusal(statement);
    if (reason !== undefined) this.refused.push(`${reason}: ${statement}`);
    const common = {
      upstream: this.#upstream,
      session: session.handle,
      text: statement,
      wantsArrow: request.canReadArrowResult ?? false,
    };
    if (denied !== undefined || reason !== undefined) {
      const what = denied === undefined ? reason : `User does not have SELECT on Table ${denied}.`;
      return Operation.failed(common, {
        message: `[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\n${what} SQLSTATE: 42501`,
        sqlState: '42501',
      });
    }
    return Operation.start(common, { timeoutSeconds: session.timeoutSeconds, isSlow: this.isSlow });
  }

  async #of<R extends TGetOperationStatusReq | TFetchResultsReq>(
    request: R,
    act: (operation: Operation, request: R) => Promise<object>,
  ): Promise<object> {
    const operation = this.#operations.get(key(request.operationHandle.operationId));
    if (operation) return act(operation, request);
    const status = new wire.TStatus({
      statusCode: TStatusCode.INVALID_HANDLE_STATUS,
      errorMessage: 'Invalid OperationHandle',
    });
    return { status };
  }
}
