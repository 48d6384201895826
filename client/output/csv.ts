/** CSV as spreadsheets open it (RFC 4180). */

/** A cell that a spreadsheet would take for a formula is kept text by a leading apostrophe. */
const FORMULA = /^[=+\-@\t\r\n]/;

export function csvLine(cells: readonly (string | null)[]): string {
  return cells
    .map((cell) => {
      const value = cell ?? '';
      const safe = FORMULA.test(value) ? `'${value}` : value;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    })
    .join(',');
}
