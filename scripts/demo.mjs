import { run } from './bootstrap.mjs';

await run('examples/demo/main.ts', process.argv.slice(2));
