/** Where the store has a data set. */
export const datasetKey = (id: string): string => `datasets/${id}`
