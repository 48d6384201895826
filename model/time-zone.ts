/** Temporal loads zones by the exact name, while `Intl` overlooks case and also takes offsets such as +02:00. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    return known === name || known.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** Whether the zone's offset changes within a year; the first of each month tells. */
export function changesClock(timeZone: string): boolean {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offsets = Array.from(
    { length: 12 },
    (_, month) =>
      format.formatToParts(Date.UTC(2027, month, 1)).find((part) => part.type === 'timeZoneName')?.value,
  );
  return new Set(offsets).size > 1;
}
