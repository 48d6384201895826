import type { Definition } from '../../model/definitions.ts';

/** A valid definition together with where it stands. */
export interface LocatedDefinition {
  readonly definition: Definition;
  readonly file: string;
  /** The line of an option, or of the innermost thing around it that the file holds. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** Names that may be referred to. */
export interface KnownNames {
  readonly workspaces: readonly string[];
  readonly credentials: readonly string[];
}
