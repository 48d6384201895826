/** Calls Spark's Thrift server, as the front does for its clients and the stand-in for its tables. */
import type {
  TExecuteStatementResp,
  TFetchResultsResp,
  TOperationHandle,
  TSessionHandle,
} from '@databricks/sql/thrift/TCLIService_types.js';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { SPARK_PATH } from './spark.ts';
import { type Call, Client, Int64, library, wire } from './thrift-library.ts';

/** The newest that Spark speaks. */
const { HIVE_CLI_SERVICE_PROTOCOL_V10: PROTOCOL } = wire.TProtocolVersion;

export class Upstream {
  readonly #client: InstanceType<typeof Client>;
  /** Thrift forgets the calls of a connection that fails. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(port: number) {
    const connection = library.createHttpConnection(LOCALHOST, port, {
      path: SPARK_PATH,
      transport: library.TBufferedTransport,
      protocol: library.TBinaryProtocol,
      headers: { Authorization: `Basic ${Buffer.from('anyone:anything').toString('base64')}` },
    });
    connection.on('error', (error) => {
      for (const fail of this.#waiting) fail(error);
    });
    this.#client = library.createHttpClient(Client, connection);
  }

  /** Calls by name, with the classes that Thrift generated. */
  call<A>(name: Call, request: object): Promise<A> {
    const { promise, resolve, reject } = Promise.withResolvers<A>();
    const method = Reflect.get(this.#client, name) as (
      request: object,
      done: (error: unknown, answer: A) => void,
    ) => void;
    this.#waiting.add(reject);
    method.call(this.#client, request, (error, answer) => {
      if (error) reject(error instanceof Error ? error : new Error(`Spark did not answer ${name}.`));
      else resolve(answer);
    });
    return promise.finally(() => this.#waiting.delete(reject));
  }

  async openSession(): Promise<TSessionHandle> {
    const request = new wire.TOpenSessionReq({ client_protocol: PROTOCOL, configuration: {} });
    const { sessionHandle } = await this.call<{ sessionHandle: TSessionHandle }>('OpenSession', request);
    return sessionHandle;
  }

  closeSession(sessionHandle: TSessionHandle): Promise<object> {
    return this.call('CloseSession', new wire.TCloseSessionReq({ sessionHandle }));
  }

  /** Runs a statement to its end. @throws Error with what Spark says of it */
  async run(sessionHandle: TSessionHandle, statement: string): Promise<TOperationHandle> {
    const request = new wire.TExecuteStatementReq({ sessionHandle, statement, runAsync: false });
    const answer = await this.call<TExecuteStatementResp>('ExecuteStatement', request);
    if (answer.operationHandle) return answer.operationHandle;
    throw new Error(`${answer.status.errorMessage ?? 'no reason given'}
${statement.slice(0, 500)}`);
  }

  /** @returns the text in the only field of the only row */
  async askText(sessionHandle: TSessionHandle, statement: string): Promise<string> {
    const operationHandle = await this.run(sessionHandle, statement);
    const fields = { operationHandle, orientation: wire.TFetchOrientation.FETCH_NEXT, maxRows: new Int64(1) };
    const answer = await this.call<TFetchResultsResp>('FetchResults', new wire.TFetchResultsReq(fields));
    const text = answer.results?.columns?.[0]?.stringVal?.values[0];
    if (text === undefined) throw new Error(`No text came of ${statement}`);
    return text;
  }
}
