#!/usr/bin/env node
import { run } from '../scripts/bootstrap.mjs';

await run('client/main.ts', process.argv.slice(2), {
  // Compiled code is kept between commands: they start in half the time.
  env: {
    NODE_COMPILE_CACHE: new URL('../node_modules/.cache/cdi', import.meta.url).pathname,
    ...process.env,
  },
});
