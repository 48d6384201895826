import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { RecordedRequest } from './control-types.ts';

/** The append-only record of all requests: in memory, and in a file of one JSON object per line if asked. */
export class RequestRecord {
  #requests: RecordedRequest[] = [];
  #seq = 0;
  readonly #keeps: boolean;
  readonly #file: WriteStream | undefined;

  /**
   * @param keeps whether requests stay in memory
   * @param file path that lines are appended to
   */
  constructor(keeps: boolean, file: string | undefined) {
    this.#keeps = keeps;
    this.#file = file === undefined ? undefined : createWriteStream(file, { flags: 'a' });
  }

  /** Takes a request in and numbers it. */
  open(request: Omit<RecordedRequest, 'seq' | 'status' | 'answeredAt' | 'applied'>): RecordedRequest {
    this.#seq += 1;
    const recorded = { seq: this.#seq, ...request, answeredAt: 0, status: 0, applied: 0 };
    if (this.#keeps) this.#requests.push(recorded);
    return recorded;
  }

  /** Notes how a request ended; afterwards it does not change. */
  close(request: RecordedRequest, status: number): void {
    request.status = status;
    request.answeredAt = Date.now();
    this.#file?.write(`${JSON.stringify(request)}\n`);
  }

  all(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** Forgets what is in memory and begins to count again. The file stays. */
  reset(): void {
    this.#requests = [];
    this.#seq = 0;
  }

  async end(): Promise<void> {
    if (!this.#file) return;
    this.#file.end();
    await finished(this.#file);
  }
}
