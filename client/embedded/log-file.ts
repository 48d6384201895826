import { open, stat } from 'node:fs/promises';

/** Bytes a log holds so far; 0 if it is not there yet. */
export async function sizeOfLog(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What a log has held since it was `offset` bytes long; all of it where it has been emptied since. */
export async function readLog(path: string, offset: number): Promise<string> {
  const size = await sizeOfLog(path);
  if (size === offset) return '';
  if (size < offset) return readLog(path, 0);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - offset), 0, size - offset, offset);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The last lines of a log's text, indented to stand under a message. */
export function lastLines(text: string, count: number): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(-count)
    .map((line) => `  ${line}`)
    .join('\n');
}
