/** How tests start and drive the mail catcher. */
import { fileURLToPath } from 'node:url';
import { startProcess } from '../braze-simulator/start-process.ts';
import type { CaughtMail, MailCatcherMode, MailCatcherOptions } from './start-mail-catcher.ts';

export class MailCatcherClient {
  readonly #api: string;

  /** @param api as the mail catcher printed it */
  constructor(api: string) {
    this.#api = api;
  }

  /** The mails since the start or the last reset, in order of arrival. */
  async mails(): Promise<CaughtMail[]> {
    return (await this.#call('GET', 'mails')).json() as Promise<CaughtMail[]>;
  }

  async setMode(mode: MailCatcherMode): Promise<void> {
    await this.#call('POST', 'mode', { mode });
  }

  /** Forgets every mail and accepts again. */
  async reset(): Promise<void> {
    await this.#call('POST', 'reset');
  }

  async #call(method: 'GET' | 'POST', action: string, body?: unknown): Promise<Response> {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.#api}/${action}`, init);
    if (!response.ok) throw new Error(`${method} /${action}: ${response.status} ${await response.text()}`);
    return response;
  }
}

export interface SpawnedMailCatcher {
  /** `smtp://127.0.0.1:PORT` */
  readonly smtp: string;
  readonly api: string;
  readonly client: MailCatcherClient;
  readonly pid: number;
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts a mail catcher in a process of its own. */
export async function spawnMailCatcher(options: MailCatcherOptions = {}): Promise<SpawnedMailCatcher> {
  const script = fileURLToPath(new URL('main.ts', import.meta.url));
  const { port = 0, apiPort = 0 } = options;
  const { ready, pid, kill } = await startProcess(script, [
    '--port',
    String(port),
    '--api-port',
    String(apiPort),
  ]);
  const { smtp, api } = ready as { smtp: string; api: string };
  return { smtp, api, client: new MailCatcherClient(api), pid, kill };
}
