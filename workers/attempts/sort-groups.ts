import type { Table } from '../../src/boosting/training-table.js'

/** The number of each row's group, counted from 0 in the order of their first rows. */
export function groupNumbers(values: ArrayLike<number>): Uint32Array {
  const numbers = new Map<number, number>()
  return Uint32Array.from(values, value => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  })
}

/** The number of groups, if they are numbered from 0. */
export const countGroups = (groups: Uint32Array): number =>
  groups.reduce((largest, group) => Math.max(largest, group), -1) + 1

/** Whether the rows of each group are adjacent, if groups are numbered by their first rows. */
export const areTogether = (groups: Uint32Array): boolean =>
  groups.every((group, row) => row === 0 || groups[row - 1]! <= group)

/**
 * Puts the rows of each group together, in their order in the table, as XGBoost needs them. Returns
 * the table itself if they are. Each iteration of `batches` holds a sorted copy of the values.
 */
export function sortedByGroup(table: Table): Table {
  const { groups, rows } = table
  if (!groups || areTogether(groups)) return table
  const positions = sortedPositions(groups)
  const sorted = <A extends Float32Array | Uint32Array>(values: A): A => {
    const target = values.slice() as A
    for (const [row, value] of values.entries()) target[positions[row]!] = value
    return target
  }
  return {
    ...table,
    labels: sorted(table.labels),
    sampleWeights: table.sampleWeights && sorted(table.sampleWeights),
    groups: sorted(groups),
    ...(table.offsets && { offsets: sorted(table.offsets) }),
    *batches() {
      const columns = table.columns.map(() => new Float32Array(rows))
      let first = 0
      for (const batch of table.batches()) {
        for (const [column, values] of batch.columns.entries()) {
          const target = columns[column]!
          for (let row = 0; row < batch.rows; row++) target[positions[first + row]!] = values[row]!
        }
        first += batch.rows
      }
      yield { rows, columns }
    },
  }
}

/** The position of each row after a stable sort by group. */
function sortedPositions(groups: Uint32Array): Uint32Array {
  const next = new Uint32Array(countGroups(groups) + 1)
  for (const group of groups) next[group + 1]!++
  for (let group = 1; group < next.length; group++) next[group]! += next[group - 1]!
  return groups.map(group => next[group]!++)
}
