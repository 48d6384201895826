/**
 * Runs the mail catcher as a process of its own and prints `{"smtp":"smtp://127.0.0.1:P","api":"http://127.0.0.1:Q"}`
 * once it listens.
 *
 *   node test/mail-catcher/main.ts [--port 0] [--api-port 0]
 */
import { parseArgs } from 'node:util';
import { stopWhenTold } from '../braze-simulator/stop-when-told.ts';
import { startMailCatcher } from './start-mail-catcher.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, 'api-port': { type: 'string', default: '0' } },
});

const { smtp, api, close } = await startMailCatcher({
  port: Number(values.port),
  apiPort: Number(values['api-port']),
});

stopWhenTold(close);
process.stdout.write(`${JSON.stringify({ smtp, api })}\n`);
