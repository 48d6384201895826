/** The middle of the values; of an even number of them the lower of the two. @throws RangeError where there is none */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('There is no median of nothing.');
  return middle;
}

/** The whole measurement that has the median of a figure. @throws RangeError where there is none */
export function medianBy<T>(values: readonly T[], figure: (value: T) => number): T {
  const middle = median(values.map(figure));
  const found = values.find((value) => figure(value) === middle);
  if (found === undefined) throw new RangeError('There is no median of nothing.');
  return found;
}
