/** One message to people, ready to be delivered by any channel. */
export interface Notification {
  /** Names this notification: the same one delivered again has the same key, so that a reader's end can tell. */
  readonly key: string;
  readonly recipients: readonly string[];
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The same for programs, and for channels with little room. */
  readonly facts: NotificationFacts;
}

/** Holds no value of a row and no identifier of a person, not even a masked one. */
export interface NotificationFacts {
  /** `failure`, `row_errors`, `success`, `held`, `opened`, `recovered` or `summary`. */
  readonly event: string;
  /** What is wrong, or was: `failed:table_missing`, `stale`. */
  readonly incidents: readonly string[];
  readonly sync: string | null;
  readonly credential: string | null;
  readonly run: string | null;
  readonly headline: string;
  /** Label and value: what happened, who must act, what to do. */
  readonly answers: readonly (readonly [label: string, value: string])[];
  /** Lines of a summary. */
  readonly items: readonly string[];
  readonly link: string | null;
}

/** How many of the recipients the other side took the notification for. */
export interface Delivery {
  readonly accepted: number;
  readonly refused: number;
}

/** A way to reach people: e-mail, a webhook. */
export interface NotificationChannel {
  /**
   * Delivers one notification to all its recipients.
   *
   * @returns when at least one recipient was accepted: sending again would reach those twice
   * @throws CdiError with the type of the channel when nobody was reached
   */
  send(notification: Notification): Promise<Delivery>;
  /** Connects and logs in, without delivering anything. @throws CdiError with the type of the channel */
  check?(): Promise<void>;
  close(): void;
}
