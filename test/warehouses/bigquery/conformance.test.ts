import { conformance } from '../conformance/conformance.ts';
import { openBigquery } from './stand-in.ts';

conformance('bigquery', openBigquery);
