/** What an error of the SSH tunnel means. */
import { CdiError } from '../../../model/errors.ts';

/** Why a host opens no channel. Source: RFC 4254, section 5.1. */
const PROHIBITED = 1;

export function hostKeyMismatch(cause: unknown): CdiError {
  return new CdiError(
    'tls_failed',
    'The key of the SSH host is not the one that `ssh.host_key` names: it was changed, or another host answers.',
    { cause },
  );
}

/** @param error what ssh2 threw or emitted */
export function classifyTunnel(cause: unknown): CdiError {
  const of = (name: string): unknown => (cause instanceof Error ? Reflect.get(cause, name) : undefined);
  const [level, code, reason] = [of('level'), of('code'), of('reason')];
  if (typeof reason === 'number') {
    const what = reason === PROHIBITED ? 'does not allow a tunnel to' : 'cannot reach';
    return new CdiError('warehouse_unreachable', `The SSH host ${what} the Redshift endpoint (${reason}).`, {
      cause,
      vendorCode: `SSH ${reason}`,
    });
  }
  if (level === 'client-authentication') {
    return new CdiError('credentials_invalid', 'The SSH host refused the user or the private key.', {
      cause,
    });
  }
  if (level === undefined && cause instanceof Error && /private ?key|passphrase/i.test(cause.message)) {
    return new CdiError(
      'credentials_invalid',
      'The private key of the SSH tunnel cannot be read: it is damaged, or has another passphrase.',
      { cause },
    );
  }
  const vendorCode = typeof code === 'string' ? code : undefined;
  const detail = vendorCode === undefined ? '' : ` (${vendorCode})`;
  if (vendorCode === 'ENOTFOUND')
    return new CdiError('host_unknown', `The name of the SSH host cannot be resolved${detail}.`, {
      cause,
      vendorCode,
    });
  return new CdiError('warehouse_unreachable', `No connection to the SSH host${detail}.`, {
    cause,
    vendorCode,
  });
}
