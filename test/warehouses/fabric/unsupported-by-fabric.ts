/**
 * Tells what of a statement pysqlbridge takes and Fabric does not, so that a test does not pass what would fail there. Source:
 * "T-SQL surface area in Fabric Data Warehouse", "Data types in Fabric Data Warehouse", "Query labels".
 */
import type { Statement } from './statement.ts';

const UNSUPPORTED: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    'a type that Fabric lacks',
    /\b(nvarchar|nchar|ntext|text|datetime|smalldatetime|datetimeoffset|money|tinyint)\b/i,
  ],
  ['datetime2 of more than six digits', /\bdatetime2(?!\s*\(\s*[0-6]\s*\))/i],
  ['a cursor', /\b(cursor|fetch\s+next\s+from)\b/i],
  ['FOR XML', /\bfor\s+xml\b/i],
  ['SET', /\bset\s/i],
  ['several result sets at once', /;\s*select\b/i],
];
/** What the driver sends by itself to a new session. */
const OF_THE_DRIVER = /^set ansi_nulls on\n|^SELECT 1;$/;
const MARKED = /^\/\* [^*/]+ \*\/ SELECT [^]* OPTION \(LABEL = '[^']{1,255}'\)$/;

/** @returns what is wrong with it, empty where nothing is */
export function unsupportedByFabric({ text, parameters }: Statement): string[] {
  if (OF_THE_DRIVER.test(text)) return [];
  const bare = `${text} ${parameters}`
    .replaceAll(/\[(?:[^\]]|\]\])*\]/g, 'name')
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll(/\/\*.*?\*\//g, '');
  const wrong = UNSUPPORTED.filter(([, pattern]) => pattern.test(bare)).map(([what]) => what);
  return MARKED.test(text) ? wrong : [...wrong, 'a statement without comment and label'];
}
