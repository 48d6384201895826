/** The parameters that a session of a SQL warehouse takes, by what they are in Spark. */
import type { TSessionHandle } from '@databricks/sql/thrift/TCLIService_types.js';
import type { Upstream } from './upstream.ts';
import { literal } from './tables.ts';

type Configuration = Readonly<Record<string, string>>;

/** Source: "Configuration parameters" of the SQL reference of Databricks. Null: Spark has it by another way. */
const PARAMETERS: Readonly<Record<string, string | null>> = {
  TIMEZONE: 'spark.sql.session.timeZone',
  LEGACY_TIME_PARSER_POLICY: 'spark.sql.legacy.timeParserPolicy',
  ANSI_MODE: 'spark.sql.ansi.enabled',
  STATEMENT_TIMEOUT: null,
};

/** @returns the name of one that a SQL warehouse does not take */
export function unknownParameter(configuration: Configuration): string | undefined {
  return Object.keys(configuration).find((name) => !(name in PARAMETERS));
}

export async function applyConfiguration(
  upstream: Upstream,
  session: TSessionHandle,
  configuration: Configuration,
  catalog: string | undefined,
): Promise<void> {
  if (catalog !== undefined) await upstream.run(session, `set catalog ${literal(catalog)}`);
  for (const [name, value] of Object.entries(configuration)) {
    const setting = PARAMETERS[name];
    if (setting) await upstream.run(session, `set ${setting}=${value}`);
  }
}
