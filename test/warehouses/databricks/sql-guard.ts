/**
 * What a SQL warehouse would not take, though Spark does. The user may read, and nothing else; functions are known only as far
 * as the SQL reference of Databricks was read for them.
 */
const FUNCTIONS = new Set([
  'cast',
  'chr',
  'coalesce',
  'concat',
  'count',
  'current_timestamp',
  'date_format',
  'lower',
  'md5',
  'rtrim',
  'substring',
  'timestamp_micros',
  'to_json',
  'unix_micros',
]);
/** These stand before a bracket without being functions. */
const WORDS = new Set(['in', 'and', 'or', 'where', 'select', 'from']);

/** Comments, quoted texts and quoted names say nothing of what a statement does. */
const plain = (statement: string): string =>
  statement.replace(/\/\*[\s\S]*?\*\/|`(?:[^`]|``)*`|'(?:[^'\\]|\\.)*'/g, (quoted) =>
    quoted.startsWith('/*') ? ' ' : '?',
  );

/** @returns why it would be refused */
export function refusal(statement: string): string | undefined {
  const text = plain(statement).trim().toLowerCase();
  if (!text.startsWith('select ')) return 'the user may read alone';
  if (text.includes(';')) return 'one statement at a time is taken';
  if (/[:?@$][a-z_]/.test(text)) return 'parameters are not in use';
  const called = [...text.matchAll(/\b([a-z_][a-z0-9_]*)\s*\(/g)].map(([, name = '']) => name);
  const unknown = called.find((name) => !FUNCTIONS.has(name) && !WORDS.has(name));
  return unknown === undefined ? undefined : `${unknown} is not known to be there`;
}
