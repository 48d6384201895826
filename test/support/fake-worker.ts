/** Stands in for the worker and the API: says that it is ready, and logs what it was told of the stack and how it ended. */
const log = (fields: object): void => void process.stdout.write(`${JSON.stringify(fields)}\n`);
const { FAKE_WORKER: manner, ...env } = process.env;

if (manner === 'fails') {
  log({ msg: 'the ledger is not there' });
  process.exit(3);
}
const settings = Object.entries(env).filter(([name]) => /^(CDI|TEMPORAL)_/.test(name));
const what = process.argv[2] === 'api' ? 'api' : 'worker';
log({
  msg: `${what} ready`,
  pid: process.pid,
  settings: Object.fromEntries(settings),
  args: process.argv.slice(2),
});
process.on('SIGTERM', () => {
  log({ msg: `${what} stopped`, pid: process.pid });
  if (manner !== 'stubborn') process.exit(0);
});
setInterval(() => undefined, 60_000);
