/** Snowflake's driver, loaded once it is needed and told to keep to its work. */
import { env } from 'node:process';
import type Driver from 'snowflake-sdk';

/**
 * The driver reads these and nothing else: without them it asks the metadata services of three clouds where it runs, loads a
 * native library, and reports how its connections are written. What an operator has set stays.
 */
const SWITCHES = {
  SNOWFLAKE_DISABLE_PLATFORM_DETECTION: 'true',
  SNOWFLAKE_DISABLE_MINICORE: 'true',
  SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: 'true',
} as const;

export type SnowflakeDriver = typeof Driver;

let loaded: Promise<SnowflakeDriver> | undefined;

export function loadDriver(): Promise<SnowflakeDriver> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<SnowflakeDriver> {
  for (const [name, value] of Object.entries(SWITCHES)) env[name] ??= value;
  const { default: driver } = await import('snowflake-sdk');
  // Its log would hold the texts of queries, and would lie in whatever folder the worker was started from.
  driver.configure({ logLevel: 'OFF', additionalLogToConsole: false });
  return driver;
}
