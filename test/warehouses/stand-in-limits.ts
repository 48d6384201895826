/** What the stand-in of a warehouse cannot show: written by hand in its `limits.ts`, printed in docs/warehouses.md. */
export interface StandInLimits {
  /** The server, with its version, and what of this project stands before it. */
  readonly server: string;
  /** Checks of the suite that it cannot be put through, each with the reason, and where else the rule is tested. */
  readonly lacks: Readonly<Record<string, string>>;
  /** What only the warehouse itself can show, a sentence each. */
  readonly cannotShow: readonly string[];
}
