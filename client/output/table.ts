/** Tables for people: columns padded to their widest cell, numbers to the right. */

/** What would break the line, or steer the terminal. */
const CONTROL = /\p{Cc}/gu;

/**
 * @param header titles of the columns
 * @param rows cells; numbers are grouped and set to the right
 */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const text = rows.map((row) =>
    row.map((cell) =>
      typeof cell === 'number' ? cell.toLocaleString('en-US') : cell.replaceAll(CONTROL, ' '),
    ),
  );
  const widths = header.map((title, column) =>
    Math.max(title.length, ...text.map((row) => row[column]?.length ?? 0)),
  );
  const isNumber = header.map(
    (_title, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...text.map(line)].join('\n');
}
