import { listNames, type Notes } from '../../../spec/notes.js'

/** Says which classes have no image. */
export function addClassNotes(
  notes: Notes,
  labels: readonly string[],
  counts: readonly number[],
  areNamed: boolean,
): void {
  const empty = labels.filter((_, index) => counts[index] === 0)
  if (empty.length === labels.length - 1) {
    const only = labels[counts.findIndex(count => count > 0)]!
    notes.add('one_class', `all images have the class '${only}', so there is nothing to tell apart`)
  } else if (counts[0] === 0 && !areNamed) {
    const others = empty.length > 1 ? `; nor have ${listNames(empty.slice(1))}` : ''
    const message = `the labels run from ${counts.findIndex(count => count > 0)} to ${labels.length - 1}, so class '0' has no image${others}. The model has an output for each; number the classes from 0, or name them by the form field labels`
    notes.add('labels_not_from_zero', message)
  } else noteEmptyClasses(notes, labels, counts)
}

export function noteEmptyClasses(
  notes: Notes,
  labels: readonly string[],
  counts: readonly number[],
): void {
  const empty = labels.filter((_, index) => counts[index] === 0)
  if (empty.length === 0) return
  const message = `${empty.length} of ${labels.length} classes have no image: ${listNames(empty)}`
  notes.add('class_without_examples', message)
}
