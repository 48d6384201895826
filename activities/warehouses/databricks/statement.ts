/** A statement on the server, with what the driver lacks: a deadline for each answer, and an end that is an end. */
import type { DBSQLSession } from '@databricks/sql';
import { CdiError } from '../../../model/errors.ts';
import { inTime, settled } from '../in-time.ts';

type Operation = Awaited<ReturnType<DBSQLSession['executeStatement']>>;

/** Every column is selected as text. */
export type ResultRow = Readonly<Record<string, string | null>>;

export interface ResultColumn {
  readonly name: string;
  /** `TTypeId` of the protocol; undefined for a type that it has no number for. */
  readonly type: number | undefined;
}

export interface StatementLimits {
  readonly answerMs: number;
  readonly signal: AbortSignal;
  /** How long the server may take to note an end. */
  readonly goodbyeMs: number;
  /** What to say of an answer that did not come. */
  readonly late?: () => Error;
}

const tooLate = (): Error => new CdiError('query_timeout', 'Databricks did not answer the query in time.');

export class Statement implements AsyncDisposable {
  readonly #operation: Promise<Operation>;
  readonly #limits: StatementLimits;
  readonly #onAbort = (): void => void this[Symbol.asyncDispose]();
  #state: 'going on' | 'exhausted' | 'ended' = 'going on';

  /** @param operation as the driver gives it once the server has taken the statement */
  constructor(operation: Promise<Operation>, limits: StatementLimits) {
    this.#operation = operation;
    this.#limits = limits;
    operation.catch(() => undefined);
    limits.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Asks for more rows, without a deadline. @returns none at the end; the driver's errors are its own */
  async fetch(maxRows: number): Promise<readonly ResultRow[]> {
    const operation = await this.#operation;
    while (await operation.hasMoreRows()) {
      // The driver keeps nothing back: what the server sends at a time is handed over at a time.
      const rows = await operation.fetchChunk({ maxRows, disableBuffering: true });
      if (rows.length > 0) return rows as ResultRow[];
    }
    // The driver says of a cancelled operation that it has no more rows.
    if (this.#state === 'ended') throw new CdiError('cancelled', 'The query was cancelled.');
    this.#state = 'exhausted';
    return [];
  }

  /** Names and types of what is selected, without a deadline. */
  async columns(): Promise<readonly ResultColumn[]> {
    const schema = await (await this.#operation).getSchema();
    this.#state = 'exhausted';
    const columns = (schema?.columns ?? []).toSorted((a, b) => a.position - b.position);
    return columns.map(({ columnName, typeDesc }) => ({
      name: columnName,
      type: typeDesc.types[0]?.primitiveEntry?.type,
    }));
  }

  /** Waits for what was asked of the statement; the time before does not count. @throws also the reason of the signal */
  answer<T>(asked: Promise<T>): Promise<T> {
    const { answerMs, late = tooLate, signal } = this.#limits;
    // Where the signal is aborted already, nobody hears of its failure.
    asked.catch(() => undefined);
    return inTime({ signal, ms: answerMs, late }, () => asked);
  }

  /** Cancels what is not read to its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isExhausted = this.#state === 'exhausted';
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#limits.signal.removeEventListener('abort', this.#onAbort);
    const end = this.#operation.then((operation) => (isExhausted ? operation.close() : operation.cancel()));
    await settled(end, this.#limits.goodbyeMs);
  }
}
