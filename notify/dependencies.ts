/** What telling people takes. The worker and the watch make it once each. */
import type { Log } from '../model/log.ts';
import type { AddressGuard } from '../outbound/address-guard.ts';
import type { WebhookTarget } from '../store/definitions.ts';
import type { Ledger } from '../store/ledger.ts';
import type { NotificationChannel } from './channel.ts';
import { createMailChannel } from './mail-channel.ts';
import { createWebhookChannel } from './webhook-channel.ts';

export interface Channels {
  /** Undefined where no mail server is configured. */
  readonly mail: NotificationChannel | undefined;
  /** A channel to one webhook; the caller closes it. */
  readonly webhook: (target: WebhookTarget) => NotificationChannel;
  close(): void;
}

export interface NotifyDependencies {
  readonly ledger: Ledger;
  readonly channels: Channels;
  readonly log: Log;
  readonly settings: NotifySettings;
}

export interface NotifySettings {
  /** Base URL of the Temporal UI, for links. */
  readonly temporalUi: string | undefined;
  /** Addresses from which this installation reaches the warehouses. */
  readonly egress: readonly string[];
  readonly namespace: string;
}

/** @throws CdiError `mail_unavailable` when the URL is none of a mail server */
export function openChannels(options: {
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly guard: AddressGuard;
}): Channels {
  const { smtpUrl, mailFrom: from, guard } = options;
  const mail = smtpUrl === undefined ? undefined : createMailChannel({ smtpUrl, from });
  return {
    mail,
    webhook: (target) => createWebhookChannel(target, { guard }),
    close: () => mail?.close(),
  };
}
