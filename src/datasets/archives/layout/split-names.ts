const splitWords: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
}

/** The name of the split that a folder, or a value of the column `split`, means by convention; or null. */
export const splitOf = (word: string | undefined): string | null =>
  word !== undefined && Object.hasOwn(splitWords, word.toLowerCase())
    ? splitWords[word.toLowerCase()]!
    : null
