import { inject } from 'vitest';
import { conformance } from '../conformance/conformance.ts';
import { openRedshift } from './stand-in.ts';

conformance('redshift', () =>
  openRedshift({ postgresUrl: inject('postgresUrl'), postgresLog: inject('postgresLog') }),
);
