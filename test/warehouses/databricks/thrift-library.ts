/** Thrift as the driver brings it: its generated classes, and the library beneath, typed as far as it is used here. */
import { createRequire } from 'node:module';
import { thrift } from '@databricks/sql';

export const wire = thrift.TCLIService_types;
export const { Client, Processor } = thrift.TCLIService;

interface Transport {
  readonly flush?: unknown;
}
interface Protocol {
  readonly trans?: unknown;
}
interface HttpConnection {
  on(event: 'error', listener: (error: Error) => void): void;
}

interface ThriftLibrary {
  readonly TBufferedTransport: {
    new (buffer: undefined, onFlush: (bytes: Buffer) => void): Transport;
    receiver(take: (transport: Transport) => void): (bytes: Buffer) => void;
  };
  readonly TBinaryProtocol: new (transport: Transport) => Protocol;
  readonly Thrift: { readonly TApplicationException: new (type: number, message: string) => Error };
  createHttpConnection(host: string, port: number, options: object): HttpConnection;
  createHttpClient<T>(service: new (...args: never[]) => T, connection: HttpConnection): T;
}

/** A column, or a whole batch of them. */
export interface ArrowData {
  readonly length: number;
}
interface ArrowSchema {
  readonly fields: readonly unknown[];
}
interface ArrowType {
  readonly typeId: number;
}

interface ArrowLibrary {
  readonly Utf8: new () => ArrowType;
  readonly Struct: new (fields: readonly unknown[]) => ArrowType;
  readonly Field: new (name: string, type: ArrowType, nullable: boolean) => unknown;
  readonly Schema: new (fields: readonly unknown[]) => ArrowSchema;
  readonly RecordBatch: new (schema: ArrowSchema, data: ArrowData) => unknown;
  readonly RecordBatchStreamWriter: new () => {
    reset(sink: undefined, schema: ArrowSchema): void;
    write(batch: unknown): void;
    finish(): void;
    toUint8Array(isSync: true): Uint8Array;
  };
  makeData(parts: object): ArrowData;
}

/** The driver's own version of a package. */
function ofTheDriver(name: string): unknown {
  const here = createRequire(import.meta.url);
  return createRequire(here.resolve('@databricks/sql'))(name);
}

export const library = ofTheDriver('thrift') as ThriftLibrary;
export const arrow = ofTheDriver('apache-arrow') as ArrowLibrary;
export const Int64 = ofTheDriver('node-int64') as new (value: number) => unknown;

/** Names of the calls of the protocol. */
export type Call = keyof InstanceType<typeof Client>;
