/** One message to people, ready to be delivered by any channel. */
export interface Notification {
  /** Names this notification: the same one delivered again has the same key, so that a reader's end can tell. */
  readonly key: string;
  readonly recipients: readonly string[];
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** How many of the recipients the other side took the notification for. */
export interface Delivery {
  readonly accepted: number;
  readonly refused: number;
}

/** A way to reach people. E-mail is the first. */
export interface NotificationChannel {
  /**
   * Delivers one notification to all its recipients.
   *
   * @returns when at least one recipient was accepted: sending again would reach those twice
   * @throws CdiError with the type of the channel when nobody was reached
   */
  send(notification: Notification): Promise<Delivery>;
  close(): void;
}
