import { html } from 'hono/html';
import { type Html, layout } from './layout.ts';

/**
 * @param to where to go afterwards
 * @param problem what was wrong with the last try
 */
export function loginPage(to: string, problem?: string): Html {
  return layout(
    { title: 'Sign in' },
    html`<h1>Sign in</h1>
      ${problem === undefined ? '' : html`<p class="alert" role="alert">${problem}</p>`}
      <form method="post" action="/login" class="card">
        <input type="hidden" name="to" value="${to}" />
        <p>
          <label for="key">API key</label>
          <input id="key" name="key" type="password" autocomplete="off" required autofocus />
        </p>
        <p class="hint">
          <code>cdi key add NAME --permission v1.read</code> makes one; <code>--permission all</code> allows
          everything.
        </p>
        <button type="submit">Sign in</button>
      </form>`,
  );
}
