import { html } from 'hono/html';
import type { ProblemError } from '../problem.ts';
import { type Html, layout } from './layout.ts';

export function errorPage({ message }: ProblemError): Html {
  return layout(
    { title: 'Not done' },
    html`<h1>Not done</h1>
      <p role="alert">${message}</p>
      <p><a href="/">All syncs</a></p>`,
  );
}
