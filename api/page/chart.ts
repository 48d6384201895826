/** Rows and rejections of the last 30 days: rows above the line, rejected rows below it, each to a scale of its own. Pure. */
import { html } from 'hono/html';
import type { DailyRows } from '../../store/runs.ts';
import type { Html } from './layout.ts';
import { number } from './words.ts';

export const DAYS = 30;
const DAY_MS = 86_400_000;
const BAR = 6;
const GAP = 2;
const ABOVE = 28;
const BELOW = 12;
const WIDTH = DAYS * (BAR + GAP);
const HEIGHT = ABOVE + BELOW + 1;
/** The least that can be seen. */
const LEAST = 1.5;

export interface Day {
  readonly day: string;
  readonly sent: number;
  readonly rejected: number;
}

/** The first day of a chart that ends today, in UTC. */
export function firstDay(now: Date): Date {
  return new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS - (DAYS - 1) * DAY_MS);
}

/** Every day of the chart, also those without a run. */
export function daysOf(rows: readonly Omit<DailyRows, 'sync'>[], now: Date): Day[] {
  const byDay = new Map(rows.map((row) => [row.day, row]));
  const first = firstDay(now).getTime();
  return Array.from({ length: DAYS }, (_, index) => {
    const day = new Date(first + index * DAY_MS).toISOString().slice(0, 10);
    const { sent = 0, rejected = 0 } = byDay.get(day) ?? {};
    return { day, sent, rejected };
  });
}

export function chart(days: readonly Day[]): Html {
  const sent = days.reduce((sum, day) => sum + day.sent, 0);
  const rejected = days.reduce((sum, day) => sum + day.rejected, 0);
  const label = `Last ${DAYS} days: ${number(sent)} rows sent, ${number(rejected)} rejected`;
  const [mostSent, mostRejected] = [
    Math.max(1, ...days.map((day) => day.sent)),
    Math.max(1, ...days.map((day) => day.rejected)),
  ];
  const bars = days.map((day, index) => {
    const x = index * (BAR + GAP);
    const up = heightOf(day.sent, mostSent, ABOVE);
    const down = heightOf(day.rejected, mostRejected, BELOW);
    return html`<g>
      <title>${day.day}: ${number(day.sent)} sent, ${number(day.rejected)} rejected</title>
      <rect class="day" x="${x}" y="0" width="${BAR + GAP}" height="${HEIGHT}" />
      <rect class="sent" x="${x}" y="${ABOVE - up}" width="${BAR}" height="${up}" />
      <rect class="rejected" x="${x}" y="${ABOVE + 1}" width="${BAR}" height="${down}" />
    </g>`;
  });
  return html`<svg class="chart" role="img" aria-label="${label}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
    <line x1="0" y1="${ABOVE + 0.5}" x2="${WIDTH}" y2="${ABOVE + 0.5}" />
    ${bars}
  </svg>`;
}

function heightOf(value: number, most: number, room: number): number {
  return value === 0 ? 0 : Number(Math.max(LEAST, (value / most) * room).toFixed(1));
}
