import pg from 'pg';

/** Runs one statement on a connection of its own, for databases that nothing else here is connected to. */
export async function queryOnce(
  connectionString: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, string>>(text, values)).rows;
  } finally {
    await client.end();
  }
}
