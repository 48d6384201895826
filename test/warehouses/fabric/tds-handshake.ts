/**
 * TLS within the Tabular Data Stream: the records of the handshake travel inside PRELOGIN packets, one message a flight; every
 * later record travels as it is. Source: MS-TDS 3.2.5.1, and what tedious does.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { MESSAGE, packets } from './tds-message.ts';

const HEAD_BYTES = 8;
const LENGTH_AT = 2;
const APPLICATION_DATA = 0x17;
const LARGEST_PACKET = 32_767;

/** Takes the packets off what comes in, and puts them around what goes out, until the first record of data. */
class HandshakeStream extends Duplex {
  readonly #socket: Socket;
  #arrived = Buffer.alloc(0);
  #flight: Buffer[] = [];
  #isInBare = false;
  #isOutBare = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(record: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#isOutBare || record[0] === APPLICATION_DATA) {
      this.#sendFlight();
      this.#isOutBare = true;
      this.#socket.write(record, done);
      return;
    }
    this.#flight.push(record);
    // The records of a flight are written one after another; the client reads one message.
    if (this.#flight.length === 1) setImmediate(() => this.#sendFlight());
    done();
  }

  override _final(done: () => void): void {
    this.#sendFlight();
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #sendFlight(): void {
    const flight = Buffer.concat(this.#flight);
    this.#flight = [];
    if (flight.length > 0 && this.#socket.writable)
      this.#socket.write(packets(MESSAGE.prelogin, flight, LARGEST_PACKET));
  }

  #take(chunk: Buffer): void {
    if (this.#isInBare) {
      if (!this.push(chunk)) this.#socket.pause();
      return;
    }
    this.#arrived = Buffer.concat([this.#arrived, chunk]);
    while (this.#arrived.length > 0) {
      if (this.#arrived[0] !== MESSAGE.prelogin) {
        this.#isInBare = true;
        this.push(this.#arrived);
        return;
      }
      if (this.#arrived.length < HEAD_BYTES) return;
      const length = this.#arrived.readUInt16BE(LENGTH_AT);
      if (this.#arrived.length < length) return;
      this.push(this.#arrived.subarray(HEAD_BYTES, length));
      this.#arrived = this.#arrived.subarray(length);
    }
  }
}

/** The server's side of a handshake. @returns the stream inside */
export function acceptTls(socket: Socket, secureContext: SecureContext): TLSSocket {
  // With version 1.3 the client would have to send its end of the handshake when it is taken for done.
  const options = { isServer: true, secureContext, maxVersion: 'TLSv1.2' as const };
  const inside = new TLSSocket(new HandshakeStream(socket), options);
  inside.on('error', () => undefined);
  return inside;
}
