import type { DatasetStep } from '../../spec/dataset-steps.js'
import type { Notes } from '../../spec/notes.js'

/** Says how many records a step leaves out. */
export function noteLeftOut(
  index: number,
  { kind }: DatasetStep,
  count: number,
  records: number,
  unit: 'image' | 'row',
  notes: Notes,
): void {
  if (count === 0) return
  notes.add(
    'records_left_out',
    `step ${index}, ${kind}, leaves out ${count} of ${records} ${unit}s`,
  )
}
