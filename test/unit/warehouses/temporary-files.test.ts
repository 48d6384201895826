import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import watchTemporaryFiles from '../../warehouses/left-behind.ts';
import { temporaryFolder } from '../../warehouses/temporary-folder.ts';

describe('the folder of a stand-in', () => {
  test('is where the temporary files of a program lie, and goes with all of them', async () => {
    const folder = await temporaryFolder('unit');
    const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'os.tmpdir()'], {
      env: folder.environment,
    });
    expect(stdout.trim()).toBe(folder.path);
    await mkdir(join(folder.path, 'bucket'));
    await writeFile(join(folder.path, 'bucket', 'file'), '');
    await folder[Symbol.asyncDispose]();
    expect(existsSync(folder.path)).toBe(false);
  });
});

describe('the leak check of the suite', () => {
  const watch = async () => {
    const config: { env?: Record<string, unknown> } = {};
    const end = await watchTemporaryFiles({ config });
    return { end, folder: String(config.env?.['TMPDIR']) };
  };

  test('passes where nothing is left, and leaves nothing itself', async () => {
    const listeners = process.listenerCount('exit');
    const { end, folder } = await watch();
    expect(existsSync(folder)).toBe(true);
    await end();
    expect(existsSync(folder)).toBe(false);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  test('names what is left, and removes it', async () => {
    const { end, folder } = await watch();
    await mkdir(join(folder, 'fakesnow_bucket_1'));
    await expect(end()).rejects.toThrow('fakesnow_bucket_1');
    expect(existsSync(folder)).toBe(false);
  });
});
