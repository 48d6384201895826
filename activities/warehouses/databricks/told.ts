/** Brings the shapes in which the driver reports failures, some of them no Error instances, into one. */

export interface Told {
  /** HTTP status, where the server answered with another than 200. */
  readonly http: number | undefined;
  readonly sqlState: string | undefined;
  /** Error class of Spark and Databricks, without its sub-class: `TABLE_OR_VIEW_NOT_FOUND`. */
  readonly errorClass: string | undefined;
  /** State of an operation (`CANCELED`), or the code of Node or of the HTTP client. */
  readonly code: string | undefined;
  /** What the server says, for recognising failures that have no code. May quote values of rows: never to be shown. */
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** Headers in which Databricks says why it refused a request. */
const REASONS = [
  'x-databricks-reason-phrase',
  'x-thriftserver-error-message',
  'x-databricks-error-or-redirect-message',
] as const;

/** `[TABLE_OR_VIEW_NOT_FOUND] …`; what stands outside Spark leaves the brackets out. */
const CLASS =
  /^\s*(?:\[(?=[A-Z])|(?=RESOURCE_EXHAUSTED:|PERMISSION_DENIED:|TEMPORARILY_UNAVAILABLE:))([A-Z0-9_]+)/;

export function tell(error: unknown): Told {
  const text = textOf(error, 'message');
  const answer = headersOf(error);
  const http = statusOf(error, text);
  return {
    http,
    sqlState: textOf(read(error, 'response'), 'sqlState') || /\bSQLSTATE: ([0-9A-Z]{5})\b/.exec(text)?.[1],
    errorClass: CLASS.exec(text)?.[1],
    code: codeOf(error),
    text: answer ? REASONS.map((name) => answer.get(name) ?? '').join(' ') : text,
    retryAfterMs: waitOf(answer?.get('retry-after')),
  };
}

/** Calls that the driver repeats by itself tell the status in their text alone. */
function statusOf(error: unknown, text: string): number | undefined {
  const status = read(error, 'statusCode');
  if (typeof status === 'number') return status;
  const given = /^Hive driver: (\d{3}) when connecting/.exec(text)?.[1];
  return given === undefined ? undefined : Number(given);
}

/** The code of the error, or of what it wraps. A status has a number of the driver's own, which tells nothing. */
function codeOf(error: unknown): string | undefined {
  if (textOf(error, 'name') === 'Status Error') return 'ERROR';
  return (
    textOf(error, 'errorCode') || textOf(error, 'code') || textOf(read(error, 'cause'), 'code') || undefined
  );
}

/** Seconds. The other form of the header, a date, is not in use here. */
function waitOf(seconds: string | null | undefined): number | undefined {
  return seconds && /^\d+$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

function headersOf(error: unknown): { get(name: string): string | null } | undefined {
  const headers = read(read(error, 'response'), 'headers');
  return typeof read(headers, 'get') === 'function'
    ? (headers as { get(name: string): string | null })
    : undefined;
}

const read = (from: unknown, name: string): unknown =>
  typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined;

function textOf(from: unknown, name: string): string {
  const value = read(from, name);
  return typeof value === 'string' ? value : '';
}
