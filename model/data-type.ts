/** The five kinds of flow. A sync's data type is fixed for its life. */
export const DATA_TYPES = ['attributes', 'events', 'purchases', 'user_deletes', 'catalog'] as const;
export type DataType = (typeof DATA_TYPES)[number];
