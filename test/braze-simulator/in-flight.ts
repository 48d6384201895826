/** Objects of one user that are being processed at the same time. */
export class InFlight {
  readonly #unanswered = new Map<string, number>();

  /**
   * Takes note of the objects of a request.
   *
   * @param identities one per object
   * @returns the distinct identities that an earlier, unanswered request holds as well, and the call that ends it
   */
  enter(identities: readonly string[]): { overlapping: string[]; leave: () => void } {
    const distinct = new Set(identities);
    const overlapping: string[] = [];
    for (const identity of distinct) {
      const others = this.#unanswered.get(identity) ?? 0;
      if (others > 0) overlapping.push(identity);
      this.#unanswered.set(identity, others + 1);
    }
    return { overlapping, leave: () => this.#leave(distinct) };
  }

  #leave(identities: ReadonlySet<string>): void {
    for (const identity of identities) {
      const others = (this.#unanswered.get(identity) ?? 1) - 1;
      if (others === 0) this.#unanswered.delete(identity);
      else this.#unanswered.set(identity, others);
    }
  }
}
