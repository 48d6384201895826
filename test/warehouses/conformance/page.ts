/** docs/warehouses.md: which checks each warehouse passed, and what its stand-in cannot show. */
import { WAREHOUSES, type Warehouse } from '../../../model/warehouse-credentials.ts';
import { LIMITS } from '../limits.ts';
import type { Theme } from './check.ts';
import { THEMES } from './themes.ts';

/** Names of the checks that were passed. */
export type Passed = Readonly<Record<Warehouse, ReadonlySet<string>>>;

export const VENDOR_NAMES: Readonly<Record<Warehouse, string>> = {
  snowflake: 'Snowflake',
  redshift: 'Redshift',
  bigquery: 'BigQuery',
  databricks: 'Databricks',
  fabric: 'Fabric',
};

/** What is passed when everything is as it should be: every check that `limits.ts` does not leave out. */
export function everyCheck(): Passed {
  const passed = (warehouse: Warehouse): string[] =>
    THEMES.flatMap(({ checks }) => checks.map(({ name }) => name)).filter(
      (name) => !(name in LIMITS[warehouse].lacks),
    );
  return Object.fromEntries(
    WAREHOUSES.map((warehouse) => [warehouse, new Set(passed(warehouse))]),
  ) as unknown as Passed;
}

/** @returns the page as Markdown */
export function renderPage(passed: Passed): string {
  return [
    '<!-- Written by `npm run docs:warehouses` from the results of the conformance suite. Do not edit. -->',
    '# Warehouses',
    "Each warehouse is read through its own vendor's driver, unchanged. One suite, `test/warehouses/conformance`, puts all of them " +
      "through the same checks: over the wire, against a server that this project did not write, or, where the vendor's login or " +
      'wire differs, against one with a front before it that refuses what the vendor refuses. No check has been run against an ' +
      'account of a vendor: what that leaves open is listed below. [Adding a warehouse](adding-a-warehouse.md) says how a sixth ' +
      'one gets all of it.',
    '[What a warehouse says when it does not let you in](warehouse-errors.md) has the answers of the connection test word for word.',
    '`npm run test:warehouses` runs the suite. ✓: passed. ✗: did not pass when this page was written. ' +
      '—: its stand-in cannot be put through it; the reason is below.',
    ...THEMES.flatMap((theme) => [`## ${theme.title}`, checkTable(theme, passed)]),
    '## What no stand-in can show',
    ...WAREHOUSES.flatMap(limitsOf),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function checkTable({ checks }: Theme, passed: Passed): string {
  const rows = checks.map(({ name, title }) => [
    title,
    ...WAREHOUSES.map((warehouse) =>
      passed[warehouse].has(name) ? '✓' : name in LIMITS[warehouse].lacks ? '—' : '✗',
    ),
  ]);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const head = ['', ...WAREHOUSES.map((warehouse) => VENDOR_NAMES[warehouse])];
  return [line(head), line(['---', ...WAREHOUSES.map(() => ':-:')]), ...rows.map(line)].join('\n');
}

function limitsOf(warehouse: Warehouse): string[] {
  const { server, lacks, cannotShow } = LIMITS[warehouse];
  const titles = new Map(THEMES.flatMap(({ checks }) => checks.map(({ name, title }) => [name, title])));
  const points = [
    ...Object.entries(lacks).map(([name, reason]) => `Not checked: ${titles.get(name) ?? name}. ${reason}`),
    ...cannotShow,
  ];
  return [
    `### ${VENDOR_NAMES[warehouse]}`,
    `Stand-in: ${server}.`,
    points.map((point) => `* ${point}`).join('\n'),
  ];
}
