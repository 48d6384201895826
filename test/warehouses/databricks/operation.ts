/** A statement that Spark is at, or that was refused before it got there. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  TColumnDesc,
  TExecuteStatementResp,
  TFetchResultsResp,
  TGetOperationStatusResp,
  TGetResultSetMetadataResp,
  TOperationHandle,
  TSessionHandle,
  TSparkDirectResults,
} from '@databricks/sql/thrift/TCLIService_types.js';
import { arrowRows, arrowSchema } from './arrow-batches.ts';
import { asWarehouseTells } from './spark-errors.ts';
import { Int64, type Call, wire } from './thrift-library.ts';
import type { Upstream } from './upstream.ts';

export interface StatementRequest {
  readonly upstream: Upstream;
  readonly session: TSessionHandle;
  readonly text: string;
  readonly wantsArrow: boolean;
}

export interface Failure {
  readonly message: string;
  readonly sqlState: string;
}

const { TOperationState, TSparkRowSetType, TStatusCode, TTypeId } = wire;
const GOING_ON = new Set([
  TOperationState.INITIALIZED_STATE,
  TOperationState.PENDING_STATE,
  TOperationState.RUNNING_STATE,
]);
const TEXTS = new Set<number | undefined>([TTypeId.STRING_TYPE, TTypeId.VARCHAR_TYPE, TTypeId.CHAR_TYPE]);
/** A short statement is answered in place. */
const DIRECT_MS = 5_000;
const POLL_MS = 20;
/** Longer than any test. It can be cancelled, as a real one can. */
const FOR_EVER = `select java_method('java.lang.Thread', 'sleep', 3600000L) as wm from range(1)`;

const done = () => new wire.TStatus({ statusCode: TStatusCode.SUCCESS_STATUS });

export class Operation {
  readonly handle: TOperationHandle;
  readonly session: TSessionHandle;
  readonly text: string;
  readonly #request: StatementRequest;
  readonly #failure: Failure | undefined;
  /** Names of the columns, where all of them are text. */
  #texts: readonly string[] | undefined;

  private constructor(request: StatementRequest, handle: TOperationHandle, failure?: Failure) {
    this.handle = handle;
    this.session = request.session;
    this.text = request.text;
    this.#request = request;
    this.#failure = failure;
  }

  static failed(request: StatementRequest, failure: Failure): Operation {
    const guid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
    const operationId = new wire.THandleIdentifier({ guid, secret: randomBytes(16) });
    const operationType = wire.TOperationType.EXECUTE_STATEMENT;
    const handle = new wire.TOperationHandle({ operationId, operationType, hasResultSet: true });
    return new Operation(request, handle, failure);
  }

  static async start(
    request: StatementRequest,
    { timeoutSeconds, isSlow }: { timeoutSeconds: number; isSlow: boolean },
  ): Promise<Operation> {
    const upstream = new wire.TExecuteStatementReq({
      sessionHandle: request.session,
      statement: isSlow ? FOR_EVER : request.text,
      runAsync: true,
      queryTimeout: new Int64(timeoutSeconds),
    });
    const answer = await request.upstream.call<TExecuteStatementResp>('ExecuteStatement', upstream);
    if (answer.operationHandle) return new Operation(request, answer.operationHandle);
    const { errorMessage = '', sqlState = '' } = answer.status;
    return Operation.failed(request, { message: asWarehouseTells(errorMessage), sqlState });
  }

  async isGoingOn(): Promise<boolean> {
    return isGoingOn(await this.status());
  }

  async status(): Promise<TGetOperationStatusResp> {
    if (this.#failure) {
      const { message, sqlState } = this.#failure;
      const operationState = TOperationState.ERROR_STATE;
      const texts = { errorMessage: message, displayMessage: message };
      return new wire.TGetOperationStatusResp({ status: done(), operationState, sqlState, ...texts });
    }
    const answer = await this.#ask<TGetOperationStatusResp>(
      'GetOperationStatus',
      wire.TGetOperationStatusReq,
    );
    if (!answer.errorMessage) return answer;
    const message = asWarehouseTells(answer.errorMessage);
    return Object.assign(answer, { errorMessage: message, displayMessage: message });
  }

  async metadata(): Promise<TGetResultSetMetadataResp> {
    const answer = await this.#ask<TGetResultSetMetadataResp>(
      'GetResultSetMetadata',
      wire.TGetResultSetMetadataReq,
    );
    const columns = answer.schema?.columns ?? [];
    // Spark counts from 0, a SQL warehouse from 1.
    for (const [at, column] of columns.entries()) column.position = at + 1;
    const isText = columns.every((column) => TEXTS.has(typeOf(column)));
    if (!this.#request.wantsArrow || !isText)
      return Object.assign(answer, { resultFormat: TSparkRowSetType.COLUMN_BASED_SET });
    this.#texts = columns.map(({ columnName }) => columnName);
    return Object.assign(answer, {
      resultFormat: TSparkRowSetType.ARROW_BASED_SET,
      arrowSchema: arrowSchema(this.#texts),
    });
  }

  /** @param maxRows an `Int64` */
  async fetch(maxRows: unknown): Promise<TFetchResultsResp> {
    if (this.#request.wantsArrow && !this.#texts) await this.metadata();
    const orientation = wire.TFetchOrientation.FETCH_NEXT;
    const request = new wire.TFetchResultsReq({
      operationHandle: this.handle,
      orientation,
      maxRows,
      fetchType: 0,
    });
    const answer = await this.#request.upstream.call<TFetchResultsResp>('FetchResults', request);
    if (!answer.results) return answer;
    const rows = rowsOf(answer);
    if (this.#texts) answer.results = arrowRows(this.#texts, answer.results);
    else if (this.#request.wantsArrow && rows > 0) throw new Error('The front sends columns of text alone.');
    // Spark never says so; an answer without rows is the end.
    answer.hasMoreRows = rows > 0;
    return answer;
  }

  /** What is there of the answer after a short while, as it goes out with the first one. */
  async direct(maxRows: unknown): Promise<TSparkDirectResults> {
    const end = performance.now() + DIRECT_MS;
    let operationStatus = await this.status();
    while (isGoingOn(operationStatus) && performance.now() < end) {
      await sleep(POLL_MS);
      operationStatus = await this.status();
    }
    if (operationStatus.operationState !== TOperationState.FINISHED_STATE)
      return new wire.TSparkDirectResults({ operationStatus });
    const resultSetMetadata = await this.metadata();
    const resultSet = await this.fetch(maxRows);
    return new wire.TSparkDirectResults({ operationStatus, resultSetMetadata, resultSet });
  }

  cancel(): Promise<object> {
    if (this.#failure) return Promise.resolve({ status: done() });
    return this.#ask('CancelOperation', wire.TCancelOperationReq);
  }

  close(): Promise<object> {
    if (this.#failure) return Promise.resolve({ status: done() });
    return this.#ask('CloseOperation', wire.TCloseOperationReq);
  }

  #ask<A extends object>(
    call: Call,
    request: new (fields: { operationHandle: TOperationHandle }) => object,
  ): Promise<A> {
    return this.#request.upstream.call<A>(call, new request({ operationHandle: this.handle }));
  }
}

const isGoingOn = ({ operationState }: TGetOperationStatusResp): boolean =>
  operationState !== undefined && GOING_ON.has(operationState);

const typeOf = ({ typeDesc }: TColumnDesc): number | undefined => typeDesc.types[0]?.primitiveEntry?.type;

function rowsOf({ results }: TFetchResultsResp): number {
  const values: unknown = Object.values(results?.columns?.[0] ?? {}).find((column) => column !== null);
  return (values as { values: unknown[] } | undefined)?.values.length ?? 0;
}
