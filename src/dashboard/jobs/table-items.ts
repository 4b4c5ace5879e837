import { type JobRow, valueAt } from './job-row.js'

/** What a line of the table shows: a job, or the beginning of a group. */
export type TableItem =
  | { kind: 'job'; index: number }
  | { kind: 'group'; value: string; count: number; isClosed: boolean }

const noValue = ''

export const groupValue = (row: JobRow, group: string): string =>
  String(valueAt(row, group) ?? noValue)

/** The lines of a list that is sorted by its group: a title before each group, whose jobs a click hides. */
export function groupedItems(
  rows: readonly JobRow[],
  group: string,
  closed: readonly string[],
): TableItem[] {
  const items: TableItem[] = []
  let current = null as Extract<TableItem, { kind: 'group' }> | null
  for (const [index, row] of rows.entries()) {
    const value = groupValue(row, group)
    if (current?.value !== value) {
      current = { kind: 'group', value, count: 0, isClosed: closed.includes(value) }
      items.push(current)
    }
    current.count += 1
    if (!current.isClosed) items.push({ kind: 'job', index })
  }
  return items
}
