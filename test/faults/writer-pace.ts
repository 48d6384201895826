/** How long the writer's transactions stay open at most, beside the time of their statements. */
export const LONGEST_TRANSACTION_MS = 800;
