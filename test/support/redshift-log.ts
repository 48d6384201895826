/** What the product sent, by the server's own log. */
import { readFile } from 'node:fs/promises';
import { unsupportedByRedshift } from './redshift-statements.ts';

const LEADING_COMMENT = /^\/\*.*?\*\/ ?/s;
/** Nothing but these may be sent, whatever else Redshift takes. */
const ALLOWED = /^(select|set statement_timeout) /;

export interface StatementLog {
  /** Texts of the statements since the beginning, each with the comment that it begins with. */
  statements(): Promise<string[]>;
  /** Those that Redshift would not take, or that a reader has no business to send. */
  refused(): Promise<string[]>;
}

/** @param file log of a server that logs the statements of the product's users, and of nobody else */
export async function followStatements(file: string): Promise<StatementLog> {
  const start = (await readFile(file)).length;
  const statements = async (): Promise<string[]> => {
    const log = (await readFile(file)).subarray(start).toString();
    const entries = log.matchAll(/LOG: {2}(?:execute ([^:]+)|statement): (.*(?:\n\t.*)*)/g);
    // A portal that is read in portions shows as a fetch.
    return [...entries].map(([, how = '', text = '']) => (how.startsWith('fetch') ? `fetch: ${text}` : text));
  };
  return {
    statements,
    refused: async () =>
      (await statements()).filter((statement) => {
        const bare = statement.replace(LEADING_COMMENT, '');
        return !ALLOWED.test(bare) || unsupportedByRedshift(bare).length > 0;
      }),
  };
}
