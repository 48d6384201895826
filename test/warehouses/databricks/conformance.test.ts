import { conformance } from '../conformance/conformance.ts';
import { openDatabricks } from './stand-in.ts';

conformance('databricks', openDatabricks);
