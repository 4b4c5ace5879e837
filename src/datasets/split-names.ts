/** The usual splits, in the order in which a data set has them. */
export const usualSplits = ['train', 'val', 'test'] as const

/** What names of splits mean by convention, in lower case. */
export const splitWords: ReadonlyMap<string, (typeof usualSplits)[number]> = new Map([
  ...['train', 'training'].map(word => [word, 'train'] as const),
  ...['val', 'valid', 'validation', 'dev'].map(word => [word, 'val'] as const),
  ...['test', 'testing'].map(word => [word, 'test'] as const),
])

/** The split that a word means by convention, such as the name of a folder; or null. */
export const splitOf = (word: string | undefined): string | null =>
  splitWords.get(word?.toLowerCase() ?? '') ?? null

/** The usual splits come first, and others by their names. */
export function compareSplits(a: string, b: string): number {
  const [one, other] = [a, b].map(name => usualSplits.findIndex(split => split === name) >>> 0) as [
    number,
    number,
  ]
  return one - other || (a < b ? -1 : 1)
}
