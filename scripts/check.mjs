import { ready } from './bootstrap.mjs';
import { runChecks } from './checks.mjs';

const { failed } = await runChecks(await ready());
process.exitCode = failed === 0 ? 0 : 1;
