import { conformance } from '../conformance/conformance.ts';
import { openFabric } from './stand-in.ts';

conformance('fabric', openFabric);
