/**
 * Takes the DataRow messages out of what a server sends, before the driver makes texts and arrays of them; every other
 * message is left to the driver.
 *
 * A message is: its type (1 byte), its length without the type (i32), its content. A DataRow holds its number of fields
 * (i16) and then each field as a length and bytes, which is how a page holds them too.
 */
import type { Socket } from 'node:net';

const DATA_ROW = 0x44;
const TYPE_BYTES = 1;
const HEAD_BYTES = TYPE_BYTES + 4;
const COUNT_BYTES = 2;

export type OnDataRow = (bytes: Buffer, start: number, end: number) => void;

/**
 * @param socket of a connection that has nothing under way
 * @param onDataRow gets where the fields of each row lie; the bytes may be kept
 * @returns gives the socket back to the driver
 */
export function divertDataRows(socket: Socket, onDataRow: OnDataRow): () => void {
  const drivers = socket.listeners('data') as ((chunk: Buffer) => void)[];
  const toDriver = (bytes: Buffer): void => {
    for (const driver of drivers) driver.call(socket, bytes);
  };
  const messages = new MessageSplitter((bytes, start, end) => {
    if (bytes[start] === DATA_ROW) onDataRow(bytes, start + HEAD_BYTES + COUNT_BYTES, end);
    else toDriver(bytes.subarray(start, end));
  });
  const listen = (chunk: Buffer): void => messages.push(chunk);
  socket.on('data', listen);
  for (const driver of drivers) socket.removeListener('data', driver);
  return () => {
    for (const driver of drivers) socket.on('data', driver);
    socket.removeListener('data', listen);
    const rest = messages.rest();
    if (rest.length > 0) toDriver(rest);
  };
}

/** Cuts what arrives into whole messages. Only a message that lies across chunks is copied. */
export class MessageSplitter {
  readonly #onMessage: (bytes: Buffer, start: number, end: number) => void;
  /** The beginning of a message whose end has not come yet. */
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** @param onMessage gets where a message lies, its head included */
  constructor(onMessage: (bytes: Buffer, start: number, end: number) => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): void {
    let at = this.#partBytes === 0 ? 0 : this.#complete(chunk);
    while (at + HEAD_BYTES <= chunk.length) {
      const end = at + TYPE_BYTES + chunk.readInt32BE(at + TYPE_BYTES);
      if (end > chunk.length) break;
      this.#onMessage(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
  }

  /** What came of a message that is not whole. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    return rest;
  }

  /** @returns how much of the chunk belongs to the message that had begun before it */
  #complete(chunk: Buffer): number {
    let taken = 0;
    if (this.#partBytes < HEAD_BYTES) {
      taken = Math.min(HEAD_BYTES - this.#partBytes, chunk.length);
      const head = Buffer.concat([...this.#parts, chunk.subarray(0, taken)]);
      this.#parts = [head];
      this.#partBytes = head.length;
      if (head.length < HEAD_BYTES) return taken;
    }
    const length = TYPE_BYTES + (this.#parts[0] ?? chunk).readInt32BE(TYPE_BYTES);
    const end = Math.min(taken + length - this.#partBytes, chunk.length);
    this.#keep(chunk.subarray(taken, end));
    if (this.#partBytes === length) {
      const message = this.rest();
      this.#onMessage(message, 0, message.length);
    }
    return end;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
  }
}
