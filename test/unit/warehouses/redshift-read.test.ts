import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { RedshiftClient } from '../../../activities/warehouses/redshift/client.ts';
import { readRows } from '../../../activities/warehouses/redshift/read.ts';
import { EncodedRow } from '../../../activities/rows/encoded-row.ts';

const GROUP_ROWS = 2_000;

/** A DataRow message of one field. */
function dataRow(text: string): Buffer {
  const field = Buffer.from(text);
  const message = Buffer.alloc(11 + field.length);
  message.write('D', 0, 'latin1');
  message.writeInt32BE(message.length - 1, 1);
  message.writeInt16BE(1, 5);
  message.writeInt32BE(field.length, 7);
  field.copy(message, 11);
  return message;
}

test('a connection that breaks while a group is being dealt with ends in its error, not in an end', async () => {
  const socket = Object.assign(new EventEmitter(), { pause: () => undefined, resume: () => undefined });
  let onEnd: (failure?: Error) => void = () => undefined;
  const connection = {
    socket: socket as unknown as Socket,
    send: (_query: unknown, end: typeof onEnd) => {
      onEnd = end;
    },
    waitFor: async <T>(answer: Promise<T>) => answer,
    explain: (failure: unknown) => failure,
    cancel: async () => undefined,
  } as unknown as RedshiftClient;
  const reading = readRows(
    connection,
    { text: '', values: [] },
    (bytes, start, end) => new EncodedRow(bytes, start, end),
  );
  const first = reading.next();
  await Promise.resolve();
  socket.emit('data', Buffer.concat(Array.from({ length: GROUP_ROWS }, (_unused, n) => dataRow(`${n}`))));
  expect((await first).value).toHaveLength(GROUP_ROWS);
  onEnd(new Error('reset'));
  await expect(reading.next()).rejects.toThrow('reset');
});
