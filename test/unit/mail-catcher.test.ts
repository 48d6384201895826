import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { spawnMailCatcher } from '../mail-catcher/mail-catcher-client.ts';
import type { SpawnedMailCatcher } from '../mail-catcher/mail-catcher-client.ts';

const mail = {
  from: 'Syncs <syncs@example.com>',
  to: 'ann@example.com',
  subject: 'Error in übung',
  text: 'plain wörds',
  html: '<p>rich</p>',
};

describe('the mail catcher', () => {
  let catcher: SpawnedMailCatcher;
  beforeAll(async () => {
    catcher = await spawnMailCatcher();
  });
  beforeEach(() => catcher.client.reset());
  afterAll(() => catcher.kill());

  const send = (more: object = {}, options: object = {}): Promise<unknown> =>
    createTransport({ url: catcher.smtp, greetingTimeout: 300, ...options }).sendMail({ ...mail, ...more });

  it('keeps what it gets', async () => {
    await send({ bcc: ['bob@example.com'] });
    await send({ html: undefined, subject: 'second' });
    const [first, second] = await catcher.client.mails();
    expect(first).toEqual({
      from: 'syncs@example.com',
      to: ['ann@example.com', 'bob@example.com'],
      subject: 'Error in übung',
      text: 'plain wörds',
      html: '<p>rich</p>',
    });
    expect(second).toMatchObject({ subject: 'second', html: '' });
  });

  it('takes any login', async () => {
    await send({}, { auth: { user: 'someone', pass: 'secret' } });
    expect(await catcher.client.mails()).toHaveLength(1);
  });

  it('can refuse', async () => {
    await catcher.client.setMode('refuse');
    await expect(send()).rejects.toMatchObject({ responseCode: 550 });
    expect(await catcher.client.mails()).toEqual([]);
    await catcher.client.setMode('accept');
    await send();
    expect(await catcher.client.mails()).toHaveLength(1);
  });

  it('can stall', async () => {
    await catcher.client.setMode('stall');
    await expect(send()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('forgets', async () => {
    await send();
    await catcher.client.reset();
    expect(await catcher.client.mails()).toEqual([]);
  });

  it('knows no other mode', async () => {
    const response = await fetch(`${catcher.api}/mode`, { method: 'POST', body: '{"mode":"lose"}' });
    expect(response.status).toBe(400);
  });
});
