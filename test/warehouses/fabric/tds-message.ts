/** Messages of the Tabular Data Stream: what they are made of, and how they are cut into packets. Source: MS-TDS 2.2.3. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';

export const MESSAGE = {
  batch: 0x01,
  rpc: 0x03,
  response: 0x04,
  attention: 0x06,
  fedAuthToken: 0x08,
  login7: 0x10,
  prelogin: 0x12,
} as const;

/** A packet's head: type, status, length (big-endian, with the head), session, number, window. */
const HEAD_BYTES = 8;
const LENGTH_AT = 2;
const WINDOW_AT = 7;
const END_OF_MESSAGE = 1;
const PACKET_BYTES = 4_096;
const NOTHING = Buffer.alloc(0);

export interface Message {
  readonly type: number;
  readonly data: Buffer;
  /** Its packets, as they came. */
  readonly raw: Buffer;
}

/** @returns the packets of a message */
export function packets(type: number, data: Buffer, packetBytes = PACKET_BYTES): Buffer {
  const room = packetBytes - HEAD_BYTES;
  const parts: Buffer[] = [];
  for (let at = 0, id = 1; at === 0 || at < data.length; at += room, id += 1) {
    const content = data.subarray(at, at + room);
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = type;
    head[1] = at + room >= data.length ? END_OF_MESSAGE : 0;
    head.writeUInt16BE(content.length + HEAD_BYTES, LENGTH_AT);
    head[6] = id & 0xff;
    parts.push(head, content);
  }
  return Buffer.concat(parts);
}

/** Takes whole messages out of a stream, one when asked for. */
export class MessageReader {
  readonly #stream: Duplex;
  #bytes: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #wake = (): void => undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('close', this.#onEnd);
    stream.on('end', this.#onEnd);
    stream.resume();
  }

  /** @returns undefined once the other side has gone */
  async next(): Promise<Message | undefined> {
    const contents: Buffer[] = [];
    const raw: Buffer[] = [];
    for (;;) {
      if (!(await this.#have(HEAD_BYTES))) return undefined;
      const length = this.#bytes.readUInt16BE(LENGTH_AT);
      if (length < HEAD_BYTES) throw new Error(`A packet claims to be ${length} bytes long.`);
      if (!(await this.#have(length))) return undefined;
      const packet = this.#bytes.subarray(0, length);
      this.#bytes = this.#bytes.subarray(length);
      raw.push(packet);
      contents.push(packet.subarray(HEAD_BYTES));
      if (((packet[1] ?? 0) & END_OF_MESSAGE) === 0) continue;
      return { type: packet[0] ?? 0, data: Buffer.concat(contents), raw: Buffer.concat(raw) };
    }
  }

  /** Lets go of the stream, between two messages. */
  release(): void {
    this.#stream.pause();
    this.#stream.off('data', this.#onData);
    this.#stream.off('close', this.#onEnd);
    this.#stream.off('end', this.#onEnd);
    if (this.#bytes.length > 0) this.#stream.unshift(this.#bytes);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#wake();
  };

  async #have(count: number): Promise<boolean> {
    while (this.#bytes.length < count) {
      if (this.#hasEnded) return false;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return true;
  }
}

export interface PacketEnd {
  /** Where in the chunk it is. */
  readonly at: number;
  readonly endsMessage: boolean;
  /** As serve-tables.py marks it. */
  readonly endsRow: boolean;
}

/** Tells where packets end in a stream that nobody holds up. */
export class PacketCounter {
  #head = Buffer.alloc(0);
  /** Bytes of the present packet still to come, after its head. */
  #left = 0;

  push(chunk: Buffer): PacketEnd[] {
    const ends: PacketEnd[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#left === 0) {
        const head = chunk.subarray(at, at + HEAD_BYTES - (this.#head.length % HEAD_BYTES));
        this.#head = Buffer.concat([this.#head.length === HEAD_BYTES ? NOTHING : this.#head, head]);
        at += head.length;
        if (this.#head.length < HEAD_BYTES) break;
        this.#left = this.#head.readUInt16BE(LENGTH_AT) - HEAD_BYTES;
      }
      const taken = Math.min(this.#left, chunk.length - at);
      this.#left -= taken;
      at += taken;
      if (this.#left > 0) break;
      const endsMessage = ((this.#head[1] ?? 0) & END_OF_MESSAGE) !== 0;
      ends.push({ at, endsMessage, endsRow: this.#head[WINDOW_AT] === 1 });
    }
    return ends;
  }
}

/** Writes, and waits where the other side is slow. */
export async function writeTo(stream: Duplex, data: Buffer): Promise<void> {
  if (!stream.write(data) && !stream.destroyed)
    await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
}
