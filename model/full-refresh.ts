/** Stands for the instant where a table is read whole in each run. */
export const FULL_REFRESH = 'full refresh';
