/** What every handler of the API works with. */
import type { Logger } from 'pino';
import type { Session } from '../client/session.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { SyncOverview } from '../store/sync-overviews.ts';

export interface ApiDependencies {
  readonly session: Session;
  readonly log: Logger;
  /** URL by which browsers reach the status page, where a proxy stands before it. */
  readonly publicUrl: URL | undefined;
  /** Whether the server itself speaks TLS. */
  readonly tls: boolean;
}

/** What middleware leaves for the handlers. */
export interface ApiEnvironment {
  Variables: {
    key: ApiKey;
    /** Of the status page: the cookie's value. */
    sessionToken: string;
    /** The sync that a page's address names. */
    sync: SyncOverview;
  };
}
