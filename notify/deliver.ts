/** Brings one notification to everybody it is for, each once, however often it is tried. */
import { CdiError } from '../model/errors.ts';
import type { IncidentSubject } from '../model/incident.ts';
import type { StoredSync, WebhookTarget } from '../store/definitions.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Delivery, Notification, NotificationChannel } from './channel.ts';
import type { NotifyDependencies } from './dependencies.ts';

/** A webhook, with a name that is unique among all workspaces. */
export interface NamedWebhook {
  readonly id: string;
  readonly target: WebhookTarget;
}

export interface Audience {
  readonly contacts: readonly string[];
  readonly webhooks: readonly NamedWebhook[];
}

/** Finds who is told, and asks the ledger once for all subjects. */
export class Audiences {
  readonly #definitions: Ledger['definitions'];
  #syncs: Promise<StoredSync[]> | undefined;
  readonly #workspaces = new Map<string, Promise<readonly WebhookTarget[]>>();

  constructor({ definitions }: Pick<Ledger, 'definitions'>) {
    this.#definitions = definitions;
  }

  /** Who is told of a sync; of a credential whoever is told of a sync that uses it. */
  async of({ type, name }: IncidentSubject): Promise<Audience> {
    this.#syncs ??= this.#definitions.syncs();
    const syncs = (await this.#syncs).filter(
      (sync) =>
        sync.deletedAt === null && name === (type === 'sync' ? sync.name : sync.definition.credential),
    );
    const contacts = new Set(syncs.flatMap(({ definition }) => definition.notifications.contacts));
    const webhooks = new Map<string, NamedWebhook>();
    for (const sync of syncs)
      for (const webhook of await this.#webhooksOf(sync)) webhooks.set(webhook.id, webhook);
    return { contacts: [...contacts], webhooks: [...webhooks.values()] };
  }

  async #webhooksOf({ definition }: StoredSync): Promise<NamedWebhook[]> {
    const { workspace: name, notifications } = definition;
    // Where the key of its secrets is missing, the mail still goes out: that error is told by the run itself.
    const found =
      this.#workspaces.get(name) ??
      this.#definitions.workspace(name).then(
        ({ webhooks }) => webhooks,
        () => [],
      );
    this.#workspaces.set(name, found);
    return (await found)
      .filter((webhook) => notifications.webhooks?.includes(webhook.name) ?? true)
      .map((target) => ({ id: `webhook:${name}/${target.name}`, target }));
  }
}

export const mailReader = (contact: string): string => `mail:${contact}`;

/**
 * @param notices ids of those that it tells of: whom they reach is noted
 * @returns whether there was anybody to be told
 * @throws CdiError `mail_unavailable` or `webhook_unavailable` where one target was not reached; the others have it then,
 *   and do not get it again
 */
export async function deliver(
  { ledger, channels, log }: NotifyDependencies,
  notification: Notification,
  webhooks: readonly NamedWebhook[],
  notices: readonly number[] = [],
): Promise<boolean> {
  const { key, recipients, facts } = notification;
  const targets: { id: string; send: () => Promise<Delivery> }[] = [];
  const { mail } = channels;
  if (mail && recipients.length > 0) targets.push({ id: 'mail', send: () => mail.send(notification) });
  for (const { id, target } of webhooks)
    targets.push({ id, send: () => sendOnce(channels.webhook(target), notification) });
  const reached = await ledger.deliveries.reached(key);
  const outcomes = await Promise.allSettled(
    targets
      .filter(({ id }) => !reached.has(id))
      .map(async ({ id, send }) => {
        const { refused } = await send();
        await ledger.deliveries.record(key, id);
        await ledger.deliveries.recordReaders(notices, id === 'mail' ? recipients.map(mailReader) : [id]);
        if (refused > 0)
          log.warn(
            { sync: facts.sync, run: facts.run, event: facts.event, refused },
            'the mail server refused some recipients',
          );
      }),
  );
  const [failure] = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failure !== undefined) {
    throw failure instanceof Error ? failure : new CdiError('internal', 'A notification failed.');
  }
  return targets.length > 0;
}

async function sendOnce(channel: NotificationChannel, notification: Notification): Promise<Delivery> {
  try {
    return await channel.send(notification);
  } finally {
    channel.close();
  }
}
