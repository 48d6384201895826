/** Structured log, object first. Fields never hold a row's value, an identifier of a person or a secret. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
