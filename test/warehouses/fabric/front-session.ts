/** A client of the front that is logged in: its requests go to the server behind, as far as the test lets them. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Admitted } from './front-login.ts';
import { type Statement, statementOf } from './statement.ts';
import { MESSAGE, type Message, type MessageReader, PacketCounter, packets, writeTo } from './tds-message.ts';
import { type Refusal, attentionAnswer, errorAnswer, interruptedAnswer } from './tds-token.ts';

/** How clients are treated; a test may change it at any time. */
export interface Treatment {
  /** Refuses every login. */
  login?: Refusal | undefined;
  /** Looks at a query before it goes on. */
  refuse?: ((app: string, statement: Statement) => Refusal | undefined) | undefined;
  /** Until when queries are held up. */
  hold?: Promise<unknown> | undefined;
  /** Answers are kept, and given again to the very same request: as fast as a server that has nothing to work out. */
  kept?: Map<string, Buffer> | undefined;
}

export interface RunningQuery {
  readonly statement: Statement;
}

export interface Observed {
  readonly treatment: Treatment;
  readonly seen: Statement[];
  readonly running: Set<RunningQuery>;
}

interface Recording {
  readonly chunks: Buffer[];
  readonly keep: (chunks: readonly Buffer[]) => void;
}

/** Of what was kept, so much is written at a time. */
const BLOCK_BYTES = 1 << 20;

const answer = (data: Buffer): Buffer => packets(MESSAGE.response, data);

/**
 * Where the answer to a request stands: passed on; to be broken off after the row that is on its way, for the client has
 * cancelled; broken off, what is left of it being dropped.
 */
type Course = 'passing' | 'breaking' | 'dropping';

export class FrontSession {
  readonly #client: TLSSocket;
  readonly #requests: MessageReader;
  readonly #app: string;
  readonly #server: Socket;
  readonly #observed: Observed;
  readonly #packets = new PacketCounter();
  #running: RunningQuery | undefined;
  #course: Course = 'passing';
  /** Settled once the server behind has answered everything. */
  #isFree = Promise.withResolvers<undefined>();
  /** Ends the present query where the server behind does not know of it. */
  #interrupt: (() => void) | undefined;
  /** Takes down the present answer, to keep it. */
  #record: Recording | undefined;

  constructor({ client, requests, app, server }: Admitted, observed: Observed) {
    this.#client = client;
    this.#requests = requests;
    this.#app = app;
    this.#server = server;
    this.#observed = observed;
    this.#isFree.resolve(undefined);
  }

  async serve(): Promise<void> {
    const [client, server] = [this.#client, this.#server];
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    server.on('data', (chunk) => this.#onAnswer(chunk));
    client.on('drain', () => server.resume());
    server.resume();
    try {
      for (;;) {
        const message = await this.#requests.next();
        if (!message) return;
        if (message.type === MESSAGE.attention) this.#onAttention();
        else await this.#onRequest(message);
      }
    } finally {
      this.#finish();
      client.destroy();
    }
  }

  async #onRequest(message: Message): Promise<void> {
    const { treatment, seen, running } = this.#observed;
    await this.#isFree.promise;
    const statement = statementOf(message);
    seen.push(statement);
    const refusal = treatment.refuse?.(this.#app, statement);
    if (refusal) {
      this.#client.write(answer(errorAnswer(refusal)));
      return;
    }
    this.#running = { statement };
    running.add(this.#running);
    if (treatment.hold) this.#holdUp(message, treatment.hold);
    else await this.#handOn(message);
  }

  async #handOn(message: Message): Promise<void> {
    const { kept } = this.#observed.treatment;
    const key = message.data.toString('latin1');
    const whole = kept?.get(key);
    if (whole) {
      for (let at = 0; at < whole.length; at += BLOCK_BYTES)
        await writeTo(this.#client, whole.subarray(at, at + BLOCK_BYTES));
      this.#finish();
      return;
    }
    if (kept) this.#record = { chunks: [], keep: (chunks) => kept.set(key, Buffer.concat(chunks)) };
    this.#isFree = Promise.withResolvers<undefined>();
    this.#server.write(message.raw);
  }

  #holdUp(message: Message, until: Promise<unknown>): void {
    let isOver = false;
    this.#interrupt = () => {
      isOver = true;
      this.#finish();
      this.#breakOff();
    };
    void until.then(() => {
      if (isOver || this.#client.destroyed) return;
      this.#interrupt = undefined;
      return this.#handOn(message);
    });
  }

  /** The answer may have ended before the cancel came. */
  #onAttention(): void {
    if (this.#interrupt) this.#interrupt();
    else if (this.#running) this.#course = 'breaking';
    else this.#client.write(answer(attentionAnswer()));
  }

  #onAnswer(chunk: Buffer): void {
    this.#record?.chunks.push(chunk);
    const ends = this.#packets.push(chunk);
    const last = ends.find(({ endsMessage }) => endsMessage);
    if (this.#course === 'breaking') {
      const end = ends.find(({ endsRow }) => endsRow);
      if (end && end !== last) {
        this.#client.write(chunk.subarray(0, end.at));
        this.#breakOff();
        this.#course = 'dropping';
      }
    }
    const isLate = this.#course === 'breaking' && last !== undefined;
    if (this.#course !== 'dropping' && !this.#client.write(chunk)) this.#server.pause();
    if (this.#course === 'dropping') this.#server.resume();
    if (isLate) this.#client.write(answer(attentionAnswer()));
    if (!last) return;
    if (this.#course === 'passing') this.#record?.keep(this.#record.chunks);
    this.#course = 'passing';
    this.#isFree.resolve(undefined);
    this.#finish();
  }

  /** Ends the message that the client has begun to read, and says so in another. */
  #breakOff(): void {
    this.#client.write(answer(interruptedAnswer()));
    this.#client.write(answer(attentionAnswer()));
    this.#finish();
  }

  #finish(): void {
    if (this.#running) this.#observed.running.delete(this.#running);
    this.#running = undefined;
    this.#interrupt = undefined;
    this.#record = undefined;
  }
}
