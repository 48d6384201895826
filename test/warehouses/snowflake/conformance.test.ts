import { conformance } from '../conformance/conformance.ts';
import { openSnowflake } from './stand-in.ts';

conformance('snowflake', openSnowflake);
