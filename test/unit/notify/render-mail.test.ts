import { describe, expect, it } from 'vitest';
import type { NotificationKind } from '../../../notify/decide.ts';
import { renderMail } from '../../../notify/render-mail.ts';
import type { RunReport } from '../../../notify/run-report.ts';
import { ERROR_RULES, ERROR_TYPES } from '../../../model/errors.ts';
import { NO_COUNTS } from '../../../model/run.ts';
import { failedReport, heldReport, partialReport, sampleReport } from './sample-report.ts';

const render = (kind: NotificationKind, report: RunReport) => renderMail(kind, report, ['team@example.com']);

describe('a mail about a held run', () => {
  const mail = render('held', heldReport);

  it('says in the subject how much waits', () => {
    expect(mail.subject).toBe('[braze-cdi] users-attributes is held: 12,345 rows wait for approval');
  });

  it.each(['text', 'html'] as const)(
    'tells what it would send, who must act and how to answer (%s)',
    (part) => {
      expect(mail[part]).toContain(
        'The run has sent nothing yet. It would send 12,345 rows, 12,000 of them deletes; max_deletes_per_run is 10,000.',
      );
      expect(mail[part]).toContain('The data team');
      expect(mail[part]).toContain('cdi approve users-attributes');
      expect(mail[part]).toContain('cdi reject users-attributes');
      expect(mail[part]).not.toContain('Finished');
    },
  );
});

describe('a mail about a failure', () => {
  const mail = render('failure', failedReport);

  it('says in the subject which sync failed and why', () => {
    expect(mail.subject).toBe('[braze-cdi] users-attributes failed: The warehouse refused the credential');
  });

  it.each(['text', 'html'] as const)('tells what happened, who must act and what to do (%s)', (part) => {
    expect(mail[part]).toContain('The warehouse refused the credential. Redshift refused user cdi_reader.');
    expect(mail[part]).toContain('The data team');
    expect(mail[part]).toContain(ERROR_RULES.credentials_invalid.hint);
  });

  it.each(['text', 'html'] as const)('names the run, its counts and where to look (%s)', (part) => {
    for (const fact of [
      'users-attributes',
      failedReport.run,
      'analytics.users',
      'production',
      'config_error',
      '2026-01-31 08:15:00 UTC',
      '3 min 12 s',
      'none yet',
      '28P01',
      'cdi runs users-attributes',
      'http://localhost:8233/namespaces/default/workflows/sync%2Fusers-attributes',
    ]) {
      expect(mail[part]).toContain(fact);
    }
  });

  it('does not offer rejected rows where there are none', () => {
    expect(mail.text).not.toContain('cdi rejected');
    expect(mail.text).not.toContain('Rejected rows by reason');
  });

  it('lists rejected rows too', () => {
    const both = render('failure', { ...partialReport, status: 'error', error: failedReport.error });
    expect(both.text).toContain('10 rows: payload_not_json');
    expect(both.text).toContain(`cdi rejected users-attributes --run ${partialReport.run}`);
  });

  const setup = {
    remedy: {
      text: 'Let the user read the table.',
      sql: 'GRANT USAGE ON SCHEMA "a" TO "b";\nCREATE TABLE "a"."<t>" (\n  payload varchar\n);',
    },
    check: 'cdi setup redshift --type attributes --credential shop --schema a --table t --check',
  };

  it('gives the statements of the warehouse, as they are to be pasted', () => {
    const { text, html } = render('failure', { ...failedReport, setup });
    expect(text).toContain('In the warehouse: Let the user read the table.\n');
    expect(text).toContain(
      'Ready to paste\n  GRANT USAGE ON SCHEMA "a" TO "b";\n  CREATE TABLE "a"."<t>" (\n    payload varchar\n  );\n',
    );
    expect(text).toContain(
      `What is missing in the warehouse, with the statement for it:\n    ${setup.check}\n`,
    );
    expect(html).toContain(
      'GRANT USAGE ON SCHEMA &quot;a&quot; TO &quot;b&quot;;\nCREATE TABLE &quot;a&quot;.&quot;&lt;t&gt;&quot; (\n  payload varchar\n);</pre>',
    );
  });

  it('leads to the check alone where only the check can tell', () => {
    const { text } = render('failure', { ...failedReport, setup: { ...setup, remedy: undefined } });
    expect(text).not.toMatch(/In the warehouse|Ready to paste/);
    expect(text).toContain(setup.check);
    expect(mail.text).not.toContain('cdi setup');
  });

  it('can be written for every error type', () => {
    for (const type of ERROR_TYPES) {
      const { subject, text } = render('failure', { ...failedReport, error: { type, message: 'Details.' } });
      expect(subject).toBe(
        `[braze-cdi] users-attributes failed: ${ERROR_RULES[type].summary.replace(/\.$/, '')}`,
      );
      expect(text).toContain(`What to do: ${ERROR_RULES[type].hint}\n`);
      expect(text).toContain(`What happened: ${ERROR_RULES[type].summary} Details.\n`);
    }
  });

  it('tells of a run whose every row was rejected', () => {
    const counts = { ...NO_COUNTS, read: 12, rejected: 12 };
    const none = render('failure', { ...partialReport, status: 'error', error: null, counts });
    expect(none.subject).toBe('[braze-cdi] users-attributes failed: 12 rows rejected, none sent');
    expect(none.text).toContain('Who must act: The data team');
  });

  it('sends an ended run without an error to the operator', () => {
    const silent = render('failure', { ...failedReport, status: 'error', error: null });
    expect(silent.subject).toContain('failed: An unexpected error stopped the run');
    expect(silent.text).toContain('Who must act: The operator of this braze-cdi installation.');
  });
});

describe('a mail about rejected rows', () => {
  const mail = render('row_errors', partialReport);

  it('says in the subject how many and which share', () => {
    expect(mail.subject).toBe('[braze-cdi] users-attributes: 12 rows rejected (1.2 %)');
  });

  it.each(['text', 'html'] as const)('lists reasons by count, with masked examples (%s)', (part) => {
    const body = mail[part];
    expect(body).toContain('Of 1,000 rows, 12 did not reach Braze; 988 did.');
    expect(body).toContain('PAYLOAD is not valid JSON.');
    expect(body).toContain('UPDATED_AT 2026-01-31 08:00:00.000000, EXTERNAL_ID cu***');
    expect(body).toContain('UPDATED_AT 2026-01-31 08:00:00.500000, EMAIL ja***@…');
    expect(body).toContain('UPDATED_AT 2026-01-31 08:00:01.000000, no identifier');
    expect(body.indexOf('10 rows: payload_not_json')).toBeGreaterThan(0);
    expect(body.indexOf('10 rows: payload_not_json')).toBeLessThan(
      body.indexOf('2 rows: identifier_missing'),
    );
    expect(body).toContain(`cdi rejected users-attributes --run ${partialReport.run}`);
  });

  it('shows no identifier in clear in any part', () => {
    for (const part of [mail.subject, mail.text, mail.html]) {
      for (const value of ['customer-4711', 'stomer', '4711', 'jane', 'ne.doe', 'shop.example']) {
        expect(part).not.toContain(value);
      }
    }
  });

  it('stays short with many reasons and examples', () => {
    const example = {
      updatedAt: '2026-01-31 08:00:00',
      identifier: { column: 'EXTERNAL_ID', value: 'somebody' },
    };
    const rejections = Array.from({ length: 25 }, (_, index) => ({
      code: `code_${index}.`,
      reason: 'Reason.',
      count: 25 - index,
      examples: Array.from({ length: 9 }, () => example),
    }));
    const { text } = render('row_errors', { ...partialReport, rejections });
    expect(text).toContain('code_19.');
    expect(text).not.toContain('code_20.');
    expect(text).toContain('Reasons not listed here: 5.');
    expect(text.match(/so\*\*\*/g)).toHaveLength(20 * 5);
  });
});

describe('a mail about a success', () => {
  it('says in the subject how many rows were sent', () => {
    const { subject, text } = render('success', sampleReport);
    expect(subject).toBe('[braze-cdi] users-attributes succeeded: 1,200 rows sent');
    expect(text).toContain('Who must act: Nobody.');
    expect(text).toContain('2026-01-31 08:14:55.123456');
  });

  it('tells a run without new rows apart', () => {
    const { subject } = render('success', { ...sampleReport, counts: NO_COUNTS });
    expect(subject).toBe('[braze-cdi] users-attributes succeeded: no new rows');
  });

  it('adds what else is worth knowing', () => {
    const { text, html } = render('success', {
      ...sampleReport,
      futureRows: 3,
      nullTimestampRows: 1,
      counts: { ...sampleReport.counts, possiblyDoubled: 150 },
      warnings: ['The table has a column that is ignored.'],
    });
    for (const part of [text, html]) {
      expect(part).toContain('UPDATED_AT lies in the future: 3 rows.');
      expect(part).toContain('UPDATED_AT is null: 1 row.');
      expect(part).toContain('at most 150 rows.');
      expect(part).toContain('The table has a column that is ignored.');
    }
    expect(render('success', sampleReport).text).not.toContain('Also worth knowing');
  });

  it('has no link where there is none', () => {
    const { text, html } = render('success', { ...sampleReport, links: {} });
    expect(text).not.toContain('Temporal UI');
    expect(html).not.toContain('<a ');
  });
});

describe('every mail', () => {
  const message = 'first\r\nBcc: thief@example.com\r\n\r\n<script>alert("x")</script> & \'more\'';
  const hostile = render('failure', {
    ...failedReport,
    sync: 'users\r\nBcc: thief@example.com',
    error: { type: 'internal', message },
    warnings: ['<img src=x>\nWho must act: Nobody.', 'turned \u202Earound'],
    links: { temporal: 'http://localhost/"onclick="x' },
  });

  it('has a subject of one line and bounded length', () => {
    expect(hostile.subject).toMatch(/^\[braze-cdi\] users Bcc: thief@example\.com failed: /);
    expect(hostile.subject).not.toMatch(/[\r\n]/);
    const long = render('failure', { ...failedReport, sync: 'x'.repeat(500) });
    expect(Array.from(long.subject)).toHaveLength(150);
  });

  it('lets no text pass for a line of its own', () => {
    expect(hostile.text).not.toMatch(/^\s*Bcc:/m);
    expect(hostile.text.match(/^\s*Who must act:/gm)).toHaveLength(1);
  });

  it('turns no writing direction', () => {
    for (const part of [hostile.text, hostile.html]) expect(part).toContain('turned  around');
  });

  it('escapes HTML', () => {
    expect(hostile.html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;more&#39;');
    expect(hostile.html).toContain('&lt;img src=x&gt;');
    expect(hostile.html).toContain('href="http://localhost/&quot;onclick=&quot;x"');
    expect(hostile.html).not.toMatch(/<(script|img)/);
  });

  it('loads nothing, and leaves the colours to the reader', () => {
    const { html } = render('row_errors', partialReport);
    expect(html).not.toMatch(/\b(src|url|@import|background)\b|<link/);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
  });

  it('has a key that tells run and kind apart', () => {
    expect(render('failure', failedReport).key).toBe(`${failedReport.run}.failure`);
    expect(render('success', sampleReport).key).toBe(`${sampleReport.run}.success`);
  });
});
