/** `cdi watch`: tells what no run can tell, also when no worker and no Temporal is there. */
import { pino } from 'pino';
import type { Log } from '../../model/log.ts';
import { SettingsError, type WatchSettings, parseWatchSettings } from '../../model/settings.ts';
import { type NotifyDependencies, openChannels } from '../../notify/dependencies.ts';
import { type Looked, look, watch } from '../../notify/watch.ts';
import { addressGuard } from '../../outbound/address-guard.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { type Session, explainLedger } from '../session.ts';

export interface WatchOptions {
  /** Looks once and ends, for a scheduler of your own. */
  readonly once: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the watch. */
  readonly stop: AbortSignal;
}

/** @throws CommandError `usage` where a setting is wrong; with `once` also `unreachable` and `failed` */
export async function runWatch(session: Session, output: Output, options: WatchOptions): Promise<void> {
  const settings = watchSettings(options.env);
  if (settings.smtpUrl === undefined)
    output.say('Warning: CDI_SMTP_URL is not set, so this watch tells webhooks only.');
  const log = pino({ base: { pid: process.pid } });
  const opened = openWatch(session, settings, options.once ? SILENT : log);
  try {
    await session.ledger.migrate();
    if (options.once) {
      const looked = await look(opened.dependencies);
      output.print(output.json ? JSON.stringify(looked) : lookedText(looked));
    } else {
      log.info('watch ready');
      await watch(opened.dependencies, options.stop);
      log.info('watch stopped');
    }
  } catch (error) {
    throw explainLedger(error);
  } finally {
    opened.close();
  }
}

/** The watch of a process that does something else as well, such as `cdi up`. @returns a function that ends it */
export function startWatch(session: Session, settings: WatchSettings, log: Log): () => Promise<void> {
  const stop = new AbortController();
  const { dependencies, close } = openWatch(session, settings, log);
  const watching = watch(dependencies, stop.signal);
  return async () => {
    stop.abort();
    await watching;
    close();
  };
}

/** @throws CommandError `usage` */
export function watchSettings(env: Readonly<Record<string, string | undefined>>): WatchSettings {
  try {
    return parseWatchSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) throw new CommandError(EXIT.usage, error.message);
    throw error;
  }
}

function openWatch(
  { ledger, settings: { namespace, temporalUi } }: Session,
  settings: WatchSettings,
  log: Log,
): { readonly dependencies: NotifyDependencies; readonly close: () => void } {
  const { smtpUrl, mailFrom, egress, allowedAddresses } = settings;
  const channels = openChannels({ smtpUrl, mailFrom, guard: addressGuard(allowedAddresses) });
  return {
    dependencies: {
      ledger,
      channels,
      log,
      settings: { temporalUi: settings.temporalUi ?? temporalUi, egress, namespace },
    },
    close: () => channels.close(),
  };
}

function lookedText({ opened, closed, told }: Looked): string {
  return `Incidents opened: ${opened}, closed: ${closed}; messages sent about: ${told}.`;
}

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
