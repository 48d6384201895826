/**
 * The label as a comment before a statement: what the customer finds in STL_QUERY and SYS_QUERY_HISTORY. Redshift's own
 * `query_group` would cost a statement more and could not be tried on PostgreSQL.
 */
const LONGEST = 200;
/** Nothing that ends a comment, opens one, or could be taken for a parameter. */
const OTHERS = /[^A-Za-z0-9 ._:-]/g;

export function plainLabel(label: string): string {
  return label.replaceAll(OTHERS, '_').slice(0, LONGEST);
}

export function labelComment(label: string): string {
  return `/* ${plainLabel(label)} */ `;
}
