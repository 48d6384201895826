/**
 * Keeps each user's objects in order: a batch waits for every earlier batch that holds an object of one of its
 * users. Batches of different users overlap freely. Pure bookkeeping.
 */
export class OrderGate {
  /** The last batch admitted for each user, while it is unfinished. */
  readonly #last = new Map<number, Promise<void>>();

  /**
   * Admits the next batch, in order.
   *
   * @param users numbers of its users
   * @returns when it may be sent, and what to call once it is finished, however it ended
   */
  admit(users: readonly number[]): { ready: Promise<void> | undefined; finished: () => void } {
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const earlier = new Set<Promise<void>>();
    for (const user of users) {
      const last = this.#last.get(user);
      if (last && last !== done) earlier.add(last);
      this.#last.set(user, done);
    }
    return {
      ready: earlier.size === 0 ? undefined : Promise.all(earlier).then(() => undefined),
      finished: () => {
        for (const user of users) if (this.#last.get(user) === done) this.#last.delete(user);
        finish();
      },
    };
  }
}
