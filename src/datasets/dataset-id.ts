import { createHash } from 'node:crypto'

/**
 * The id of a data set: a hash of its content, so equal content gets equal ids. `content` is JSON, and begins with the
 * number of the rule by which it was chosen, so that the ids of two rules differ.
 */
export function datasetIdOf(content: readonly [rule: number, ...unknown[]]): string {
  const hash = createHash('sha256').update(JSON.stringify(content))
  return `ds-${hash.digest('hex').slice(0, 16)}`
}
