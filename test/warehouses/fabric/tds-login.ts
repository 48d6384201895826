/** The login of the Tabular Data Stream, with a token of Entra. Source: MS-TDS 2.2.6.4, 2.2.6.5 and 2.2.7.12. */

const TERMINATOR = 0xff;
const ENTRY_BYTES = 5;
const ENCRYPTION_ON = 1;
const FED_AUTH_REQUIRED = 6;
/** Whoever asks for a token asks for this resource. */
export const RESOURCE = 'https://database.windows.net/';

/** @param request the client's PRELOGIN @returns the server's: encrypted, and with the login of Entra where the client knows it */
export function preloginAnswer(request: Buffer): Buffer {
  const knowsFedAuth = preloginOptions(request).has(FED_AUTH_REQUIRED);
  const options: [number, Buffer][] = [
    [0, Buffer.from([12, 0, 0x0f, 0xa0, 0, 0])],
    [1, Buffer.from([ENCRYPTION_ON])],
    [2, Buffer.from([0])],
    [3, Buffer.alloc(0)],
    [4, Buffer.from([0])],
    ...(knowsFedAuth ? [[FED_AUTH_REQUIRED, Buffer.from([1])] as [number, Buffer]] : []),
  ];
  let offset = options.length * ENTRY_BYTES + 1;
  const entries = options.map(([option, value]) => {
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry[0] = option;
    entry.writeUInt16BE(offset, 1);
    entry.writeUInt16BE(value.length, 3);
    offset += value.length;
    return entry;
  });
  return Buffer.concat([...entries, Buffer.from([TERMINATOR]), ...options.map(([, value]) => value)]);
}

function preloginOptions(data: Buffer): Set<number> {
  const options = new Set<number>();
  for (let at = 0; at < data.length && data[at] !== TERMINATOR; at += ENTRY_BYTES)
    options.add(data[at] ?? TERMINATOR);
  return options;
}

export interface Login {
  readonly user: string;
  readonly app: string;
  readonly database: string;
  /** Whether the client will fetch a token once it is told where (library ADAL of the feature FEDAUTH). */
  readonly fetchesToken: boolean;
}

const FEATURES_FOLLOW = 0x10;
const FED_AUTH_FEATURE = 2;
const ADAL = 2;
/** Where LOGIN7 says where its texts are: an offset and a number of characters each. */
const TEXTS = {
  host: 36,
  user: 40,
  password: 44,
  app: 48,
  server: 52,
  extension: 56,
  library: 60,
  database: 68,
};

export function parseLogin(data: Buffer): Login {
  const text = (at: number): string => {
    const offset = data.readUInt16LE(at);
    return data.toString('utf16le', offset, offset + 2 * data.readUInt16LE(at + 2));
  };
  let fetchesToken = false;
  if (((data[27] ?? 0) & FEATURES_FOLLOW) !== 0) {
    let at = data.readUInt32LE(data.readUInt16LE(TEXTS.extension));
    while (data[at] !== TERMINATOR) {
      // The library is in the upper seven bits.
      if (data[at] === FED_AUTH_FEATURE) fetchesToken = (data[at + 5] ?? 0) >> 1 === ADAL;
      at += 5 + data.readUInt32LE(at + 1);
    }
  }
  return {
    user: text(TEXTS.user),
    app: text(TEXTS.app),
    database: text(TEXTS.database),
    fetchesToken,
  };
}

const FIXED_BYTES = 94;
const TDS_7_4 = 0x74000004;

/** A login with a password, for the server behind. */
export function passwordLogin(login: Login, user: string, password: string): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.writeUInt32LE(TDS_7_4, 4);
  fixed.writeUInt32LE(4_096, 8);
  const texts: Buffer[] = [];
  let offset = FIXED_BYTES;
  const values = {
    host: '',
    user,
    password,
    app: login.app,
    server: '',
    library: 'front',
    database: login.database,
  };
  for (const [name, value] of Object.entries(values)) {
    const at = TEXTS[name as keyof typeof values];
    let bytes = Buffer.from(value, 'utf16le');
    // Not a secret's protection, but the form that is asked for.
    if (name === 'password')
      bytes = bytes.map((byte) => (((byte << 4) | (byte >> 4)) & 0xff) ^ 0xa5) as typeof bytes;
    fixed.writeUInt16LE(offset, at);
    fixed.writeUInt16LE(value.length, at + 2);
    texts.push(bytes);
    offset += bytes.length;
  }
  const whole = Buffer.concat([fixed, ...texts]);
  whole.writeUInt32LE(whole.length, 0);
  return whole;
}

/** Tells the client where to get its token, and for what. @param issuer address of the login service */
export function fedAuthInfo(issuer: string): Buffer {
  const values = [Buffer.from(issuer, 'utf16le'), Buffer.from(RESOURCE, 'utf16le')] as const;
  const head = Buffer.alloc(22);
  head.writeUInt32LE(2, 0);
  head[4] = 1;
  head.writeUInt32LE(values[0].length, 5);
  head.writeUInt32LE(head.length, 9);
  head[13] = 2;
  head.writeUInt32LE(values[1].length, 14);
  head.writeUInt32LE(head.length + values[0].length, 18);
  const content = Buffer.concat([head, ...values]);
  const token = Buffer.alloc(5);
  token[0] = 0xee;
  token.writeUInt32LE(content.length, 1);
  return Buffer.concat([token, content]);
}

/** @returns the token in the message that the client sends then */
export const fedAuthToken = (data: Buffer): string => data.toString('utf16le', 8, 8 + data.readUInt32LE(4));
