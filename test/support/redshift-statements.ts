/**
 * Tells what of a statement PostgreSQL takes and Redshift does not, so that a test against PostgreSQL does not pass what would
 * fail there. Source: the Redshift manual, "Unsupported PostgreSQL features" and "Amazon Redshift and PostgreSQL".
 */
const UNSUPPORTED: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a cursor', /\b(declare|fetch|cursor)\b/i],
  ['COPY TO', /\bcopy\b/i],
  ['ON CONFLICT', /\bon\s+conflict\b/i],
  ['FILTER', /\bfilter\s*\(/i],
  ['LATERAL', /\blateral\b/i],
  ['DISTINCT ON', /\bdistinct\s+on\b/i],
  ['RETURNING', /\breturning\b/i],
  // JSON_SERIALIZE, JSON_PARSE and JSON_SIZE are Redshift's own.
  ['a JSON function', /\b(?!json_(serialize(_to_varbyte)?|parse|size)\b)jsonb?_\w+\s*\(/i],
  ['a comparison of row values', /\([^()]*,[^()]*\)\s*(<>|!=|[<>]=?|=)|(<>|!=|[<>]=?|=)\s*\([^()]*,[^()]*\)/],
  ['a comparison of row values', /\brow\s*\(/i],
];

/** @returns what is wrong with a statement, empty where nothing is */
export function unsupportedByRedshift(statement: string): string[] {
  const bare = statement.replaceAll(/"(?:[^"]|"")*"/g, 'name').replaceAll(/'(?:[^']|'')*'/g, 'text');
  return UNSUPPORTED.filter(([, pattern]) => pattern.test(bare)).map(([what]) => what);
}
