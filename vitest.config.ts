import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    // Most of a test's time is waited for, but not in the long form of the faults.
    maxWorkers: process.env['CDI_FAULT_SIZE'] === 'long' ? 1 : 3,
    projects: [
      // A busy machine is no failure: no test here is about time.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'warehouses',
          include: ['test/warehouses/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts', 'test/warehouses/left-behind.ts'],
          testTimeout: 180_000,
          // A stand-in may have to be installed, and may need a while to start.
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'production',
          include: ['test/production/**/*.test.ts'],
          testTimeout: 300_000,
          // The first time, Temporal's server is built from source.
          hookTimeout: 3_600_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          hookTimeout: 120_000,
          // Faults are mostly waited for: for a lease to end, for a silence to be noticed.
          maxConcurrency: 6,
        },
      },
    ],
  },
});
