/** What every page has in common. */
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface Frame {
  readonly title: string;
  /** For the form that signs out; undefined where nobody is signed in. */
  readonly csrf?: string | undefined;
  /** Name of the key that is signed in. */
  readonly key?: string | undefined;
  /** Loads the page again after so many seconds. */
  readonly refresh?: number | undefined;
}

export function layout({ title, csrf, key, refresh }: Frame, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refresh === undefined ? '' : html`<meta http-equiv="refresh" content="${refresh}" />`}
        <title>${title} · braze-cdi</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <a class="brand" href="/">braze-cdi</a>
          ${
            csrf === undefined
              ? ''
              : html`<form method="post" action="/logout">
                  <input type="hidden" name="csrf" value="${csrf}" />
                  <span class="key">${key}</span>
                  <button type="submit" class="plain">Sign out</button>
                </form>`
          }
        </header>
        <main id="content">${content}</main>
      </body>
    </html>`;
}
