/** Tokens of a server's answers. Source: MS-TDS 2.2.7. */

const DONE_ERROR = 0x02;
const DONE_ATTENTION = 0x20;
const DONE_BYTES = 13;

/** What a server says when it refuses. */
export interface Refusal {
  readonly number: number;
  readonly message: string;
}

function done(status: number): Buffer {
  const token = Buffer.alloc(DONE_BYTES);
  token[0] = 0xfd;
  token.writeUInt16LE(status, 1);
  return token;
}

/** An error, and the end of the answer. */
export function errorAnswer({ number, message }: Refusal): Buffer {
  const fixed = Buffer.alloc(6);
  fixed.writeInt32LE(number);
  fixed[4] = 1;
  fixed[5] = 16;
  const text = Buffer.from(message, 'utf16le');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(message.length);
  const server = 'front';
  const content = Buffer.concat([
    fixed,
    length,
    text,
    Buffer.from([server.length]),
    Buffer.from(server, 'utf16le'),
    Buffer.from([0, 1, 0, 0, 0]),
  ]);
  const head = Buffer.alloc(3);
  head[0] = 0xaa;
  head.writeUInt16LE(content.length, 1);
  return Buffer.concat([head, content, done(DONE_ERROR)]);
}

/** The end of an answer that was interrupted. */
export const interruptedAnswer = (): Buffer => done(DONE_ERROR);
/** Says that the interruption was understood. */
export const attentionAnswer = (): Buffer => done(DONE_ATTENTION);

const LOGIN_ACK = 0xad;
/** FEATUREEXTACK: the feature FEDAUTH without data, and the end of the list. */
const FED_AUTH_ACK = Buffer.from([0xae, 2, 0, 0, 0, 0, 0xff]);

/** @param answer to a login with a password @returns the same for one with a token */
export function withFedAuthAck(answer: Buffer): Buffer {
  if (!answer.includes(LOGIN_ACK)) throw new Error('The server behind the front refused its login.');
  const end = answer.length - DONE_BYTES;
  return Buffer.concat([answer.subarray(0, end), FED_AUTH_ACK, answer.subarray(end)]);
}
