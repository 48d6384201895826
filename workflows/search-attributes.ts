/** Search attributes of runs; MAINTENANCE: registered from `SEARCH_ATTRIBUTES` in model/names.ts. */
import { defineSearchAttributeKey } from '@temporalio/common';

export const SYNC_NAME = defineSearchAttributeKey('SyncName', 'KEYWORD');
export const SYNC_DATA_TYPE = defineSearchAttributeKey('SyncDataType', 'KEYWORD');
export const SYNC_TRIGGER = defineSearchAttributeKey('SyncTrigger', 'KEYWORD');
export const SYNC_OUTCOME = defineSearchAttributeKey('SyncOutcome', 'KEYWORD');
export const ROWS_REJECTED = defineSearchAttributeKey('RowsRejected', 'INT');
