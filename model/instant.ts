/** UPDATED_AT texts of the ledger (`2026-01-31 00:00:00.000000`, in UTC) as others write times. Pure. */

const FORM = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?/;

/** @returns ISO 8601 with up to 6 digits of a second; empty where the text is no time */
export function isoInstant(text: string | null): string {
  const [, date, time, fraction] = FORM.exec(text ?? '') ?? [];
  if (date === undefined || time === undefined) return '';
  return `${date}T${time}${fraction === undefined ? '' : `.${fraction}`}Z`;
}
