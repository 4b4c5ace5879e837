// What the hold-outs of images and of tables have in common.
import type { Notes } from '../spec/notes.js'
import type { OtherValidation } from '../spec/validation-split.js'

interface HoldOut<Split> {
  holdOut: number
  by?: Split
  column?: string
}

/** What a request holds out of what it trains on; nothing if it names other data, which could not be found. */
export function requestedHoldOut<Split>(
  requested: number | HoldOut<Split> | OtherValidation,
): HoldOut<Split> {
  if (typeof requested === 'number') return { holdOut: requested }
  return 'holdOut' in requested ? requested : { holdOut: 0 }
}

/** `records` counts the data set, in the `unit` that the note names, such as `row`. */
export function noteNothingHeldOut(
  share: number,
  records: number,
  unit: 'record' | 'row',
  dataset: string,
  notes: Notes,
): void {
  const message = `${share} of the ${records} ${unit}s of '${dataset}' is less than one ${unit}, so nothing is held out; set training.validation to a larger share or another data set`
  notes.add('nothing_held_out', message)
}
