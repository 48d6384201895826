/** Notes which checks of the conformance suite each warehouse passed, for docs/warehouses.md. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { type Warehouse, WAREHOUSES } from '../../model/warehouse-credentials.ts';

/** Names of checks that were passed, by warehouse. */
export type PassedChecks = Partial<Record<Warehouse, string[]>>;

/** The suite names its tests `warehouse > theme > check: title`. */
function checkOf(test: TestCase): { warehouse: Warehouse; check: string } | undefined {
  const theme = test.parent.type === 'suite' ? test.parent : undefined;
  const suite = theme?.parent.type === 'suite' ? theme.parent : undefined;
  const warehouse = WAREHOUSES.find((name) => name === suite?.name);
  return warehouse && { warehouse, check: test.name.split(':')[0] ?? '' };
}

/** Writes them as JSON to the file named by CDI_WAREHOUSE_RESULT. */
export default class WarehouseReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env['CDI_WAREHOUSE_RESULT'];
    if (file === undefined) return;
    const passed: PassedChecks = {};
    for (const module of modules) {
      for (const test of module.children.allTests('passed')) {
        const found = checkOf(test);
        if (found) (passed[found.warehouse] ??= []).push(found.check);
      }
    }
    writeFileSync(file, JSON.stringify(passed));
  }
}
