/** Labels of a job, by which query history and cost reports name the product, the sync and the run. */

const LONGEST = 63;
const PURPOSES = ['test', 'rewind'];
const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-/;

/**
 * @param label `PRODUCT SYNC`, `PRODUCT SYNC RUN` or `PRODUCT PURPOSE SYNC`
 * @returns values of lower-case letters, digits, `-` and `_`, at most 63 each. Source: requirements for labels of BigQuery
 */
export function jobLabels(label: string): Record<string, string> {
  const [product = '', second = '', third = ''] = label.split(/\s+/).map(labelValue);
  const isPurpose = PURPOSES.includes(second) && third !== '' && !RUN_ID.test(third);
  const labels = isPurpose
    ? { product, purpose: second, sync: third }
    : { product, sync: second, run: third };
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

const labelValue = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .slice(0, LONGEST);
