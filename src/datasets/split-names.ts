/** The usual splits, in the order in which a data set has them. */
export const usualSplits: readonly string[] = ['train', 'val', 'test']

/** What names of splits mean by convention, in lower case. */
export const splitWords: ReadonlyMap<string, string> = new Map([
  ...['train', 'training'].map(word => [word, 'train'] as const),
  ...['val', 'valid', 'validation', 'dev'].map(word => [word, 'val'] as const),
  ...['test', 'testing'].map(word => [word, 'test'] as const),
])

/** The split that a word means by convention, such as the name of a folder; or null. */
export const splitOf = (word: string | undefined): string | null =>
  splitWords.get(word?.toLowerCase() ?? '') ?? null

/** The usual splits come first, and others by their names. */
export function compareSplits(a: string, b: string): number {
  // the place of other names, -1, becomes the largest number
  const [one, other] = [usualSplits.indexOf(a) >>> 0, usualSplits.indexOf(b) >>> 0]
  return one - other || (a < b ? -1 : 1)
}
