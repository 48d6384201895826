/** What a command talks to: the ledger and Temporal, opened when first asked for and closed once. */
import { Client, Connection } from '@temporalio/client';
import { DEFAULT_QUEUE_PREFIX, type TaskQueues, taskQueues } from '../model/names.ts';
import { isConnectionError } from '../store/connection-error.ts';
import { type Keyring, parseKeyring } from '../store/keyring.ts';
import { type Ledger, openLedger } from '../store/ledger.ts';
import { CommandError, EXIT } from './command-error.ts';

export interface SessionSettings {
  readonly ledgerUrl: string;
  /** Text of the keyring: `id:base64` per line. */
  readonly keys: string;
  readonly connectionOptions: Parameters<typeof Connection.connect>[0];
  readonly namespace: string;
  readonly queuePrefix?: string | undefined;
  /** Base URL of the Temporal UI, to print links. */
  readonly temporalUi?: string | undefined;
  /** Addresses from which the installation reaches the warehouses. */
  readonly egress?: readonly string[] | undefined;
}

export class Session {
  readonly settings: SessionSettings;
  readonly queues: TaskQueues;
  readonly keyring: Keyring;
  #ledger: Ledger | undefined;
  #connection: Connection | undefined;
  #client: Client | undefined;

  constructor(settings: SessionSettings) {
    this.settings = settings;
    this.queues = taskQueues(settings.queuePrefix ?? DEFAULT_QUEUE_PREFIX);
    this.keyring = parseKeyring(settings.keys);
  }

  get ledger(): Ledger {
    this.#ledger ??= openLedger({ url: this.settings.ledgerUrl, keyring: this.keyring, connections: 4 });
    return this.#ledger;
  }

  async temporal(): Promise<Client> {
    if (!this.#client) {
      try {
        this.#connection = await Connection.connect({
          connectTimeout: '5s',
          ...this.settings.connectionOptions,
        });
      } catch {
        const address = this.settings.connectionOptions?.address ?? 'localhost:7233';
        throw new CommandError(
          EXIT.unreachable,
          `Temporal does not answer at ${address}. Is \`cdi up\` running?`,
        );
      }
      this.#client = new Client({ connection: this.#connection, namespace: this.settings.namespace });
    }
    return this.#client;
  }

  async close(): Promise<void> {
    await this.#ledger?.close();
    await this.#connection?.close();
  }
}

/** Says in a person's words what a failed ledger call means. */
export function explainLedger(error: unknown): unknown {
  return isConnectionError(error)
    ? new CommandError(
        EXIT.unreachable,
        'The ledger database does not answer. Is `cdi up` running, or CDI_LEDGER_URL wrong?',
      )
    : error;
}
