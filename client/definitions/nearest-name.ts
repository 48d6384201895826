/**
 * Finds what somebody probably meant to write.
 *
 * @returns the candidate with the fewest typing errors, or undefined when none is close
 */
export function nearestName(written: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.floor(written.length / 3) + 1;
  for (const candidate of candidates) {
    const errors = typingErrors(written.toLowerCase(), candidate.toLowerCase());
    if (errors < fewest) [nearest, fewest] = [candidate, errors];
  }
  return nearest;
}

/** Letters to insert, delete, replace or swap to come from one text to the other (optimal string alignment). */
function typingErrors(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(row - 1, column - 1) + (same ? 0 : 1),
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(from.length, to.length);
}
