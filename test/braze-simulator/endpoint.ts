/** What an endpoint of the simulated API consists of. */
import type { ObjectKind, Permission, RateFamily } from './control-types.ts';
import type { JsonObject } from './json-object.ts';
import type { Workspace } from './workspace.ts';

export interface IncomingObject {
  readonly kind: ObjectKind;
  /** Whom or what the object is for; empty where the object does not say. */
  readonly identity: string;
  /** Objects that share a lane must not be in flight together. */
  readonly lane: string;
  /** The object as it was sent. */
  readonly text: string;
}

export type Counts = Partial<Record<ObjectKind, number>>;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Beside those of the rate limit. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects that were accepted. */
  readonly applied?: Counts;
}

export interface Application {
  readonly workspace: Workspace;
  /** Number of the request. */
  readonly seq: number;
  /** Whether a script refuses the object with this text. */
  readonly refuses: (text: string) => boolean;
}

export interface DecodedRequest {
  readonly objects: readonly IncomingObject[];
  /**
   * Validates the request as a whole and applies the good objects.
   *
   * @throws RefusedRequest where nothing is applied
   */
  readonly apply: (application: Application) => Answer;
}

export interface RequestBody {
  /** The parsed body; numbers may have lost digits. */
  readonly json: JsonObject;
  /** The body as sent. */
  readonly text: string;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Matches the whole path; its first group is handed to `decode`. */
  readonly path: RegExp;
  readonly family: RateFamily;
  readonly permission: Permission;
  /**
   * @param body an empty object for GET
   * @param name first group of the path, decoded
   * @param query what stands behind the path
   * @throws RefusedRequest where the outer form is wrong
   */
  readonly decode: (body: RequestBody, name: string, query: URLSearchParams) => DecodedRequest;
}

/** Thrown when a request is refused as a whole. */
export class RefusedRequest extends Error {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(`refused with ${status}`);
    this.name = 'RefusedRequest';
    this.status = status;
    this.body = body;
  }
}

/** A refusal that says why in one text. */
export function refusal(status: number, message: string): RefusedRequest {
  return new RefusedRequest(status, { message });
}
