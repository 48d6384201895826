/** One client of the front, from its first byte to its last. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Bridge } from './bridge.ts';
import type { Entra } from './entra.ts';
import { type Statement, statementOf } from './statement.ts';
import { acceptTls } from './tds-handshake.ts';
import {
  type Login,
  fedAuthInfo,
  fedAuthToken,
  parseLogin,
  passwordLogin,
  preloginAnswer,
} from './tds-login.ts';
import { MESSAGE, type Message, MessageCounter, MessageReader, packets, writeTo } from './tds-message.ts';
import {
  type Refusal,
  attentionAnswer,
  errorAnswer,
  interruptedAnswer,
  withFedAuthAck,
} from './tds-token.ts';

/** How clients are treated; a test may change it at any time. */
export interface Treatment {
  /** Refuses every login. */
  login?: Refusal | undefined;
  /** Looks at a query before it goes on. */
  refuse?: ((app: string, statement: Statement) => Refusal | undefined) | undefined;
  /** Until when queries are held up. */
  hold?: Promise<unknown> | undefined;
  /** Answers are kept, and given again to the very same request: as fast as a server that has nothing to work out. */
  kept?: Map<string, Buffer[]> | undefined;
}

export interface RunningQuery {
  readonly statement: Statement;
}

export interface SessionDependencies {
  readonly secureContext: SecureContext;
  readonly bridge: Bridge;
  readonly entra: Entra;
  readonly treatment: Treatment;
  readonly seen: Statement[];
  readonly running: Set<RunningQuery>;
}

const LOGIN_FAILED = 18_456;
const answer = (data: Buffer): Buffer => packets(MESSAGE.response, data);

export async function serveClient(socket: Socket, dependencies: SessionDependencies): Promise<void> {
  const bare = new MessageReader(socket);
  const prelogin = await bare.next();
  if (!prelogin) return;
  if (prelogin.type !== MESSAGE.prelogin)
    throw new Error(`A session begins with a message of type ${prelogin.type}.`);
  socket.write(answer(preloginAnswer(prelogin.data)));
  bare.release();
  const client = acceptTls(socket, dependencies.secureContext);
  const requests = new MessageReader(client);
  const admitted = await admit(client, requests, dependencies);
  if (!admitted) return;
  await new Session(client, requests, admitted, dependencies).serve();
}

interface Admitted {
  readonly app: string;
  /** The session behind. */
  readonly server: Socket;
}

/** @returns undefined where the client is refused, or goes */
async function admit(
  client: TLSSocket,
  requests: MessageReader,
  { entra, bridge, treatment }: SessionDependencies,
): Promise<Admitted | undefined> {
  const refuse = (refusal: Refusal): undefined => {
    client.end(answer(errorAnswer(refusal)));
  };
  const message = await requests.next();
  if (!message) return undefined;
  if (message.type !== MESSAGE.login7) throw new Error(`A login by a message of type ${message.type}.`);
  const login = parseLogin(message.data);
  if (!login.fetchesToken) {
    const reason = 'Reason: only Microsoft Entra authentication is supported.';
    return refuse({ number: LOGIN_FAILED, message: `Login failed for user '${login.user}'. ${reason}` });
  }
  client.write(answer(fedAuthInfo(`${entra.url}/${entra.tenant}`)));
  const token = await requests.next();
  if (!token) return undefined;
  if (token.type !== MESSAGE.fedAuthToken) throw new Error(`A token in a message of type ${token.type}.`);
  const app = await entra.verify(fedAuthToken(token.data)).catch(() => undefined);
  if (app === undefined)
    return refuse({ number: LOGIN_FAILED, message: "Login failed for user '<token-identified principal>'." });
  if (treatment.login) return refuse(treatment.login);
  return { app, server: await logInBehind(client, bridge, login) };
}

async function logInBehind(client: TLSSocket, bridge: Bridge, login: Login): Promise<Socket> {
  const server = connect(bridge.port, '127.0.0.1');
  server.on('error', () => undefined);
  await once(server, 'connect');
  server.setNoDelay(true);
  server.write(packets(MESSAGE.login7, passwordLogin(login, bridge.user, bridge.password)));
  const answers = new MessageReader(server);
  const loggedIn = await answers.next();
  if (!loggedIn) throw new Error('The server behind the front went during its login.');
  answers.release();
  client.write(answer(withFedAuthAck(loggedIn.data)));
  return server;
}

class Session {
  readonly #client: TLSSocket;
  readonly #requests: MessageReader;
  readonly #app: string;
  readonly #server: Socket;
  readonly #dependencies: SessionDependencies;
  readonly #answers = new MessageCounter();
  #running: RunningQuery | undefined;
  /** Ends the present query where the server behind does not know of it. */
  #interrupt: (() => void) | undefined;
  /** Takes down the present answer, to keep it. */
  #record: Buffer[] | undefined;

  constructor(
    client: TLSSocket,
    requests: MessageReader,
    admitted: Admitted,
    dependencies: SessionDependencies,
  ) {
    this.#client = client;
    this.#requests = requests;
    this.#app = admitted.app;
    this.#server = admitted.server;
    this.#dependencies = dependencies;
  }

  async serve(): Promise<void> {
    const [client, server] = [this.#client, this.#server];
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    server.on('data', (chunk) => this.#passOn(chunk));
    client.on('drain', () => server.resume());
    server.resume();
    try {
      for (;;) {
        const message = await this.#requests.next();
        if (!message) return;
        if (message.type === MESSAGE.attention) this.#onAttention(message);
        else await this.#onRequest(message);
      }
    } finally {
      this.#finish();
      client.destroy();
    }
  }

  #passOn(chunk: Buffer): void {
    this.#record?.push(chunk);
    if (this.#answers.push(chunk) > 0) this.#finish();
    if (!this.#client.write(chunk)) this.#server.pause();
  }

  /** A server that works answers a cancel when it is done with what it sends; one that is held up, at once. */
  #onAttention(message: Message): void {
    if (this.#interrupt) this.#interrupt();
    else this.#server.write(message.raw);
  }

  async #onRequest(message: Message): Promise<void> {
    const { treatment, seen, running } = this.#dependencies;
    const statement = statementOf(message);
    seen.push(statement);
    const refusal = treatment.refuse?.(this.#app, statement);
    if (refusal) {
      this.#client.write(answer(errorAnswer(refusal)));
      return;
    }
    this.#running = { statement };
    running.add(this.#running);
    if (treatment.hold) {
      this.#holdUp(message, treatment.hold);
      return;
    }
    const key = message.data.toString('latin1');
    const kept = treatment.kept?.get(key);
    if (kept) {
      await this.#giveAgain(kept);
      return;
    }
    if (treatment.kept) treatment.kept.set(key, (this.#record = []));
    this.#server.write(message.raw);
  }

  #holdUp(message: Message, until: Promise<unknown>): void {
    let isOver = false;
    this.#interrupt = () => {
      isOver = true;
      this.#finish();
      this.#client.write(answer(interruptedAnswer()));
      this.#client.write(answer(attentionAnswer()));
    };
    void until.then(() => {
      if (isOver || this.#client.destroyed) return;
      this.#interrupt = undefined;
      this.#server.write(message.raw);
    });
  }

  async #giveAgain(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) await writeTo(this.#client, chunk);
    this.#finish();
  }

  #finish(): void {
    if (this.#running) this.#dependencies.running.delete(this.#running);
    this.#running = undefined;
    this.#interrupt = undefined;
    this.#record = undefined;
  }
}
