/** How the front lets a client in: TLS, then a token of Entra, then a session behind. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Bridge } from './bridge.ts';
import type { Entra } from './entra.ts';
import { acceptTls } from './tds-handshake.ts';
import {
  type Login,
  fedAuthInfo,
  fedAuthToken,
  parseLogin,
  passwordLogin,
  preloginAnswer,
} from './tds-login.ts';
import { MESSAGE, MessageReader, packets } from './tds-message.ts';
import { type Refusal, errorAnswer, withFedAuthAck } from './tds-token.ts';

export interface Doors {
  readonly secureContext: SecureContext;
  readonly bridge: Bridge;
  readonly entra: Entra;
  /** @returns why nobody is let in at present */
  readonly closed: () => Refusal | undefined;
}

export interface Admitted {
  /** Id of the app. */
  readonly app: string;
  readonly client: TLSSocket;
  readonly requests: MessageReader;
  /** The session behind, of which nothing is read yet. */
  readonly server: Socket;
}

const LOGIN_FAILED = 18_456;
const answer = (data: Buffer): Buffer => packets(MESSAGE.response, data);

/** @returns undefined where the client is refused, or goes @throws Error at what the front does not know */
export async function admit(socket: Socket, doors: Doors): Promise<Admitted | undefined> {
  const bare = new MessageReader(socket);
  const prelogin = await bare.next();
  if (!prelogin) return undefined;
  if (prelogin.type !== MESSAGE.prelogin)
    throw new Error(`A session begins with a message of type ${prelogin.type}.`);
  socket.write(answer(preloginAnswer(prelogin.data)));
  bare.release();
  const client = acceptTls(socket, doors.secureContext);
  const requests = new MessageReader(client);
  const message = await requests.next();
  if (!message) return undefined;
  if (message.type !== MESSAGE.login7) throw new Error(`A login by a message of type ${message.type}.`);
  const login = parseLogin(message.data);
  const checked = await checkLogin(client, requests, login, doors);
  if (!checked) return undefined;
  if ('number' in checked) {
    client.end(answer(errorAnswer(checked)));
    return undefined;
  }
  return { app: checked.app, client, requests, server: await logInBehind(client, doors.bridge, login) };
}

async function checkLogin(
  client: TLSSocket,
  requests: MessageReader,
  login: Login,
  { entra, closed }: Doors,
): Promise<Refusal | { app: string } | undefined> {
  if (!login.fetchesToken) {
    const reason = 'Reason: only Microsoft Entra authentication is supported.';
    return { number: LOGIN_FAILED, message: `Login failed for user '${login.user}'. ${reason}` };
  }
  client.write(answer(fedAuthInfo(`${entra.url}/${entra.tenant}`)));
  const token = await requests.next();
  if (!token) return undefined;
  if (token.type !== MESSAGE.fedAuthToken) throw new Error(`A token in a message of type ${token.type}.`);
  try {
    const app = await entra.verify(fedAuthToken(token.data));
    return closed() ?? { app };
  } catch {
    return { number: LOGIN_FAILED, message: "Login failed for user '<token-identified principal>'." };
  }
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
