/** `cdi api` as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../client/main.ts', import.meta.url));

export interface ApiProcess {
  readonly url: string;
  /** Tells it to stop. @returns its exit code, and what it logged last */
  stop(): Promise<{ code: number | null; last: unknown }>;
}

/** Starts it on a free port, and waits until it says that it is ready. */
export async function startCliApi(
  environment: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<ApiProcess> {
  const child = spawn(process.execPath, [MAIN, 'api', '--port', '0', ...options], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const [, found] = /"url":"([^"]+)","msg":"api ready"/.exec(log) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`cdi api ended with ${code ?? 'a signal'}: ${log}`)));
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
      const last = log.trimEnd().split('\n').at(-1) ?? '{}';
      return { code: child.exitCode, last: (JSON.parse(last) as { msg: unknown }).msg };
    },
  };
}
