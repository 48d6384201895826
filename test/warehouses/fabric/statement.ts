/** What a client asks: the text of a statement, alone or with parameters. Source: MS-TDS 2.2.6.6 and 2.2.6.7. */
import { MESSAGE, type Message } from './tds-message.ts';

export interface Statement {
  readonly text: string;
  /** Names and types of its parameters, as `@p1 varchar(27)`. */
  readonly parameters: string;
}

const NUMBER_FOLLOWS = 0xffff;
const SP_EXECUTESQL = 10;
const NVARCHAR = 0xe7;
const MAX = 0xffff;
const CHUNKED_NULL = 0xffffffff;

/** @throws Error for a request that is neither a batch nor sp_executesql */
export function statementOf({ type, data }: Message): Statement {
  const at = data.readUInt32LE(0);
  if (type === MESSAGE.batch) return { text: data.toString('utf16le', at), parameters: '' };
  if (type !== MESSAGE.rpc)
    throw new Error(`A request of type ${type}: the front knows batches and procedures.`);
  if (data.readUInt16LE(at) !== NUMBER_FOLLOWS || data.readUInt16LE(at + 2) !== SP_EXECUTESQL)
    throw new Error('A procedure other than sp_executesql.');
  // After the number of the procedure and its options.
  const statement = readText(data, at + 6);
  return {
    text: statement.text,
    parameters: statement.end < data.length ? readText(data, statement.end).text : '',
  };
}

/** Reads a parameter of type nvarchar: name, status, type with length and collation, value. */
function readText(data: Buffer, start: number): { text: string; end: number } {
  let at = start + 1 + 2 * (data[start] ?? 0) + 1;
  if (data[at] !== NVARCHAR) throw new Error(`A text of type ${data[at] ?? 'none'}, not nvarchar.`);
  const longest = data.readUInt16LE(at + 1);
  at += 3 + 5;
  if (longest !== MAX) {
    const end = at + 2 + data.readUInt16LE(at);
    return { text: data.toString('utf16le', at + 2, end), end };
  }
  if (data.readUInt32LE(at) === CHUNKED_NULL) return { text: '', end: at + 8 };
  const chunks: Buffer[] = [];
  at += 8;
  for (;;) {
    const length = data.readUInt32LE(at);
    at += 4;
    if (length === 0) break;
    chunks.push(data.subarray(at, at + length));
    at += length;
  }
  return { text: Buffer.concat(chunks).toString('utf16le'), end: at };
}
