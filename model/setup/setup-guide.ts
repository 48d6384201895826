/** What a customer has to do in the warehouse before a sync can run: the words and statements of `cdi setup`. */
import type { DataType } from '../data-type.ts';
import type { ErrorType } from '../errors.ts';
import type { Column } from '../source-columns.ts';
import type { WarehouseCredential } from '../warehouse-credentials.ts';

/** The table or view that a sync reads, or is to read. */
export interface SetupSource {
  readonly dataType: DataType;
  readonly schema: string;
  readonly table: string;
}

/** What is known of the account. */
export interface SetupAccount<C extends WarehouseCredential = WarehouseCredential> {
  /** A credential that is declared: its names are used. Undefined: names are proposed. */
  readonly credential: C | undefined;
  /** Who logs in, where only a secret of the credential tells; see `principal` of the guide. */
  readonly principal: string | undefined;
  /** Addresses from which this installation reaches out, for allow-lists; empty where they are not known. */
  readonly egress: readonly string[];
}

/** What to do, with what can be pasted. */
export interface Instruction {
  /** A sentence or several. */
  readonly text: string;
  /** Statements for the warehouse, with comments. */
  readonly sql?: string;
  /** Commands for a shell. */
  readonly shell?: string;
  /** A definition file. */
  readonly file?: { readonly name: string; readonly text: string };
}

export interface SetupStep extends Instruction {
  readonly title: string;
}

/** An error of the connection test, with what is known of the table. */
export interface SetupProblem {
  readonly type: ErrorType;
  /** The columns that the table has; undefined where they are not known. */
  readonly columns?: readonly Column[] | undefined;
}

export interface SetupGuide<C extends WarehouseCredential = WarehouseCredential> {
  /** The schema and the table to propose where none are named. */
  proposedSource(dataType: DataType): SetupSource;
  /** @returns the steps in the order in which they are done */
  steps(source: SetupSource, account: SetupAccount<C>): readonly SetupStep[];
  /**
   * What to do about an error of the connection test, ready to paste.
   *
   * @returns undefined where the error's own hint says it all
   */
  remedy(problem: SetupProblem, source: SetupSource, account: SetupAccount<C>): Instruction | undefined;
  /** Who logs in, taken from the secrets of a credential whose definition does not tell; holds no secret itself. */
  principal?(secrets: Readonly<Record<string, string>>): string | undefined;
}
