/** The five kinds of flow. A sync's data type is fixed for its life. */
export const DATA_TYPES = ['attributes', 'events', 'purchases', 'user_deletes', 'catalog'] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** Whether a later row of a user, or item, replaces an earlier one; otherwise every row stands for itself. */
export function isReplaced(dataType: DataType): boolean {
  return dataType === 'attributes' || dataType === 'catalog';
}
