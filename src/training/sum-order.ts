// The order in which a step adds up its micro-batches: neighbours in pairs, then pairs of these, and so on, as a tree. A
// sum of floats depends on its order, so with one order a step has the same bytes wherever its parts are computed.
//
// A sum goes from left to right and needs few numbers at once: it is a binary counter (`waiting[n]` is the sum of 2^n
// neighbours). What comes as number `index` is added to what waits on the levels of `levelsToAdd(index)`, and waits on
// `levelOf(index)` itself. The last one is added to all that still waits.

/** The level on which the sum of the micro-batch with this index, and what it was added to, waits. */
export const levelOf = (index: number): number => levelsToAdd(index).length

/** The levels to add to the micro-batch with this index, in order. */
export function levelsToAdd(index: number): number[] {
  const levels: number[] = []
  for (let left = index; left % 2 === 1; left = (left - 1) / 2) levels.push(levels.length)
  return levels
}

/** The same for the last of `count`. */
export const lastLevelsToAdd = (count: number): number[] =>
  [...(count - 1).toString(2)].reverse().flatMap((bit, level) => (bit === '1' ? [level] : []))

/** The sum of `items`, at least one. */
export function addInOrder<T>(items: readonly T[], add: (earlier: T, later: T) => T): T {
  const waiting: T[] = []
  for (const [i, item] of items.slice(0, -1).entries()) {
    waiting[levelOf(i)] = addWaiting(levelsToAdd(i), item)
  }
  return addWaiting(lastLevelsToAdd(items.length), items.at(-1)!)

  function addWaiting(levels: readonly number[], item: T): T {
    return levels.reduce((later: T, level) => add(waiting[level]!, later), item)
  }
}
