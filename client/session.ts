/** What a command talks to: the ledger and Temporal, opened when first asked for and closed once. */
import { Client, Connection } from '@temporalio/client';
import { DEFAULT_QUEUE_PREFIX, type TaskQueues, taskQueues } from '../model/names.ts';
import { isConnectionError } from '../store/connection-error.ts';
import { followKeyFile } from '../store/key-file.ts';
import { type Keyring, parseKeyring } from '../store/keyring.ts';
import { type Ledger, openLedger } from '../store/ledger.ts';
import { CommandError, EXIT } from './command-error.ts';

export interface SessionSettings {
  readonly ledgerUrl: string;
  /** Text of the keyring: `id:base64` per line. */
  readonly keys: string;
  /** Where it was read from, and is followed; undefined where it was given itself. */
  readonly keyFile?: string | undefined;
  readonly connectionOptions: Parameters<typeof Connection.connect>[0];
  readonly namespace: string;
  readonly queuePrefix?: string | undefined;
  /** Base URL of the Temporal UI, to print links. */
  readonly temporalUi?: string | undefined;
  /** Addresses from which the installation reaches the warehouses. */
  readonly egress?: readonly string[] | undefined;
  /** Size of the pool of connections to the ledger. Default: 4 */
  readonly ledgerConnections?: number | undefined;
}

export class Session {
  readonly settings: SessionSettings;
  readonly queues: TaskQueues;
  readonly keyring: Keyring;
  #ledger: Ledger | undefined;
  #connection: Connection | undefined;
  #client: Promise<Client> | undefined;

  constructor(settings: SessionSettings) {
    this.settings = settings;
    this.queues = taskQueues(settings.queuePrefix ?? DEFAULT_QUEUE_PREFIX);
    // The API and the watch live longer than a key.
    this.keyring =
      settings.keyFile === undefined ? parseKeyring(settings.keys) : followKeyFile(settings.keyFile);
  }

  get ledger(): Ledger {
    const { ledgerUrl: url, ledgerConnections: connections = 4 } = this.settings;
    this.#ledger ??= openLedger({ url, keyring: this.keyring, connections });
    return this.#ledger;
  }

  /** @throws CommandError `unreachable`; the next call tries again */
  temporal(): Promise<Client> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #connect(): Promise<Client> {
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
    return new Client({ connection: this.#connection, namespace: this.settings.namespace });
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
