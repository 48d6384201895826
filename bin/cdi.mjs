#!/usr/bin/env node
import { run } from '../scripts/bootstrap.mjs';

await run('client/main.ts', process.argv.slice(2));
