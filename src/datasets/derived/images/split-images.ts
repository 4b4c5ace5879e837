import type { SplitStep } from '../../../spec/dataset-steps.js'
import type { Notes } from '../../../spec/notes.js'
import { HashIndex } from '../hash-index.js'
import { apportionParts, assignParts, countStrata } from '../sampling.js'
import { orderSplits, restSplit, splitShares } from '../split-names.js'
import type { StepErrors } from '../step-errors.js'
import { type ImageSelection, keptRecords } from './image-selection.js'

/**
 * Divides the images into splits at random, by the seed and their order. Equal images go to one split together, by
 * the class of the first of them.
 */
export function splitImages(
  step: SplitStep,
  selection: ImageSelection,
  hashes: BigUint64Array,
  errors: StepErrors,
  notes: Notes,
): ImageSelection {
  const { by = 'class', column, seed = 1 } = step
  if (by === 'group' || by === 'time') {
    errors.add(
      '/by',
      'not_allowed',
      `by ${by} needs a column, which images have not: class or random`,
    )
  }
  if (column !== undefined) {
    errors.add('/column', 'contradiction', 'images have no columns: leave out column')
  }
  const { names, shares } = splitShares(step, errors)
  errors.throwIfAny()
  const { labels, classNames } = selection
  const kept = keptRecords(selection)
  const { unitOf, classes } = groupEqual(kept, labels, hashes)
  const strata = by === 'class' ? { of: classes, count: classNames.length } : oneClass(classes)
  const counts = countStrata(strata)
  const parts = assignParts(strata, apportionParts(counts, shares), seed)
  const partNames = [...names, restSplit]
  const splitNames = orderSplits(partNames)
  const indices = partNames.map(name => splitNames.indexOf(name))
  const splits = new Uint8Array(labels.length)
  const sizes = new Array<number>(splitNames.length).fill(0)
  for (const [at, record] of kept.entries()) {
    const split = indices[parts[unitOf[at]!]!]!
    splits[record] = split
    sizes[split]!++
  }
  for (const [split, size] of sizes.entries()) {
    if (size > 0) continue
    const message = `there would be no image in the split '${splitNames[split]}' of ${kept.length} images: give a larger share`
    errors.add('/shares', 'too_small', message)
  }
  const duplicates = kept.length - classes.length
  if (duplicates > 0) {
    const message = `${duplicates} images are equal to another one; equal images are in one split, so that the sizes of the splits may differ from the shares`
    notes.add('duplicates_in_one_split', message)
  }
  return { ...selection, splits, splitNames }
}

const oneClass = (units: Uint32Array) => ({ of: new Uint8Array(units.length), count: 1 })

/** Groups of equal images, numbered by their first images: the group of each image, and the class of each group. */
function groupEqual(kept: Uint32Array, labels: Int32Array, hashes: BigUint64Array) {
  const groups = new HashIndex(kept.length)
  const unitOf = new Uint32Array(kept.length)
  const classes = new Uint32Array(kept.length)
  let count = 0
  for (const [at, record] of kept.entries()) {
    const known = groups.get(hashes[record]!)
    if (known < 0) {
      groups.set(hashes[record]!, count)
      classes[count] = labels[record]!
    }
    unitOf[at] = known < 0 ? count++ : known
  }
  return { unitOf, classes: classes.subarray(0, count) }
}
