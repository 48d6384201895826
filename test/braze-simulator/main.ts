/**
 * Runs the Braze simulator as a process of its own and prints `{"url":"http://127.0.0.1:PORT"}` once it listens.
 *
 *   node test/braze-simulator/main.ts [--port 0] [--latency MS] [--jitter MS] [--fast]
 *     [--record FILE] [--workspaces FILE]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { WorkspaceDefinition } from './control-types.ts';
import { startBrazeSimulator } from './start-braze-simulator.ts';
import { stopWhenTold } from './stop-when-told.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    latency: { type: 'string', default: '0' },
    jitter: { type: 'string', default: '0' },
    fast: { type: 'boolean', default: false },
    record: { type: 'string' },
    workspaces: { type: 'string' },
  },
});

const simulator = await startBrazeSimulator({
  port: Number(values.port),
  latency: { ms: Number(values.latency), jitterMs: Number(values.jitter) },
  fast: values.fast,
  ...(values.record === undefined ? {} : { recordFile: values.record }),
  ...(values.workspaces === undefined
    ? {}
    : { workspaces: JSON.parse(readFileSync(values.workspaces, 'utf8')) as WorkspaceDefinition[] }),
});

stopWhenTold(simulator.close);
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
