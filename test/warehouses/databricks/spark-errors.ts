/** Spark tells of Java's exceptions and of its plans; a SQL warehouse tells of the error alone. */
export function asWarehouseTells(message: string): string {
  const whole = /\[[A-Z][A-Z0-9_.]*\] (?!org\.apache)[\s\S]*?SQLSTATE: [0-9A-Z]{5}/.exec(message)?.[0];
  return (whole ?? message.split('\n', 1)[0] ?? '').replace(/^Error running query: /, '');
}
