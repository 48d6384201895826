/** What a customer has to do in the warehouse before a sync can run: the words and statements of `cdi setup`. */
import type { DataType } from '../data-type.ts';
import type { ErrorType } from '../errors.ts';
import type { WarehouseCredential } from '../warehouse-credentials.ts';

export interface SetupInput {
  readonly dataType: DataType;
  readonly schema: string;
  readonly table: string;
  /** Addresses from which this installation reaches out, for allow-lists; empty where they are not known. */
  readonly egress: readonly string[];
}

export interface SetupStep {
  readonly title: string;
  /** What to do, a sentence or several. */
  readonly text: string;
  /** Statements ready to paste, with comments; absent for a step outside SQL. */
  readonly sql?: string;
}

export interface SetupGuide<C extends WarehouseCredential = WarehouseCredential> {
  /** @returns the steps in the order in which they are done */
  steps(input: SetupInput): readonly SetupStep[];
  /**
   * What to do about an error of the connection test, ready to paste.
   *
   * @returns undefined where the error's own hint says it all
   */
  remedy(
    type: ErrorType,
    credential: C,
    source: { readonly schema: string; readonly table: string },
  ): string | undefined;
}
