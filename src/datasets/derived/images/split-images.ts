import type { SplitStep } from '../../../spec/dataset-steps.js'
import type { Notes } from '../../../spec/notes.js'
import { HashIndex } from '../hash-index.js'
import { apportionParts, assignParts, countStrata, oneStratum } from '../sampling.js'
import { orderSplits, restSplit, splitShares } from '../split-names.js'
import { lastInTime, wholeGroups } from '../split-units.js'
import type { StepErrors } from '../step-errors.js'
import type { ImageFacts } from './image-facts.js'
import { type ImageSelection, keptRecords } from './image-selection.js'
import { groupsOf, openField, timesOf } from './image-values.js'

/** Divides the images into splits, as `by` of the step says. */
export function splitImages(
  step: SplitStep,
  selection: ImageSelection,
  facts: ImageFacts,
  errors: StepErrors,
  notes: Notes,
): ImageSelection {
  const { names, shares } = splitShares(step, errors)
  errors.throwIfAny()
  const kept = keptRecords(selection)
  const division = divide(step, shares, kept, selection, facts, errors)
  errors.throwIfAny()
  const { parts, values } = division!
  const { labels } = selection
  const partNames = [...names, restSplit]
  const splitNames = orderSplits(partNames)
  const indices = partNames.map(name => splitNames.indexOf(name))
  const splits = new Uint8Array(labels.length)
  const sizes = new Array<number>(splitNames.length).fill(0)
  for (const [at, record] of kept.entries()) {
    const split = indices[parts[at]!]!
    splits[record] = split
    sizes[split]!++
  }
  for (const [split, size] of sizes.entries()) {
    if (size > 0) continue
    const of = values ? ` with ${values.count} values of '${values.column}'` : ''
    const message = `there would be no image in the split '${splitNames[split]}' of ${kept.length} images${of}: give ${values ? 'other shares' : 'a larger share'}`
    errors.add('/shares', 'too_small', message)
  }
  errors.throwIfAny()
  if (values) {
    const described = splitNames.map(
      (name, split) =>
        `${name} has ${sizes[split]} images${values.describe(indices.indexOf(split))}`,
    )
    const message = `the images are divided by ${values.count} values of '${values.column}': ${described.join(', ')}`
    notes.add('divided_by_values', message, [values.column])
  }
  noteEqual(kept, splits, facts.hashes, values !== null, notes)
  return { ...selection, splits, splitNames }
}

interface Division {
  /** The part of each image that is kept: an index into the shares, or their number for the rest. */
  parts: Uint8Array
  /** What they are divided by, unless it is chance. `describe` continues a sentence about a part. */
  values: { column: string; count: number; describe(part: number): string } | null
}

/** Null if it cannot be done, which is an error already. */
function divide(
  { by = 'class', column, seed = 1 }: SplitStep,
  shares: readonly number[],
  kept: Uint32Array,
  selection: ImageSelection,
  facts: ImageFacts,
  errors: StepErrors,
): Division | null {
  if (by === 'class' || by === 'random') {
    if (column === undefined) return byChance(by, shares, kept, selection, facts.hashes, seed)
    const message = 'of images, a column goes with by group or time: give one of them, or no column'
    errors.add('/column', 'contradiction', message)
    return null
  }
  if (column === undefined) {
    const message = `by ${by} needs the column of the ${by}s, such as ${by === 'group' ? 'patient' : 'date'}`
    errors.add('/column', 'required', message)
    return null
  }
  const readField = openField(column, kept, facts, errors)
  if (!readField) return null
  if (by === 'group') {
    const groups = groupsOf(kept, readField)
    const parts = wholeGroups(groups, shares, seed)
    const describe = (part: number) => {
      const found = new Set<number>()
      for (const [at, each] of parts.entries()) if (each === part) found.add(groups.of[at]!)
      return ` of ${found.size} values`
    }
    return { parts, values: { column, count: groups.count, describe } }
  }
  const times = timesOf(column, kept, readField, errors)
  if (!times) return null
  const parts = lastInTime(times, kept.length, shares)
  const describe = (part: number) => {
    const inPart = [...kept.keys()].filter(at => parts[at] === part)
    const first = inPart.reduce((one, other) => (times[other]! < times[one]! ? other : one))
    return ` from ${readField(kept[first]!)} on`
  }
  return { parts, values: { column, count: new Set(times).size, describe } }
}

/** Equal images go to one split together, by the class of the first of them. */
function byChance(
  by: 'class' | 'random',
  shares: readonly number[],
  kept: Uint32Array,
  { labels, classNames }: ImageSelection,
  hashes: BigUint64Array,
  seed: number,
): Division {
  const { unitOf, classes } = groupEqual(kept, labels, hashes)
  const strata =
    by === 'class' ? { of: classes, count: classNames.length } : oneStratum(classes.length)
  const units = assignParts(strata, apportionParts(countStrata(strata), shares), seed)
  return { parts: Uint8Array.from(unitOf, unit => units[unit]!), values: null }
}

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

/** Says where equal images are. Only chance keeps them together: a group is whole even if it has the image of another. */
function noteEqual(
  kept: Uint32Array,
  splits: Uint8Array,
  hashes: BigUint64Array,
  areDividedByValues: boolean,
  notes: Notes,
): void {
  const firstSplits = new HashIndex(kept.length)
  let equal = 0
  let across = 0
  for (const record of kept) {
    const split = firstSplits.get(hashes[record]!)
    if (split < 0) firstSplits.set(hashes[record]!, splits[record]!)
    else {
      equal++
      if (split !== splits[record]) across++
    }
  }
  if (across > 0) {
    const message = `${across} images are equal to one in another split: the step dropDuplicates, before this one, keeps one of them`
    notes.add('duplicates_across_splits', message)
  }
  if (equal > 0 && !areDividedByValues) {
    const message = `${equal} images are equal to another one; equal images are in one split, so that the sizes of the splits may differ from the shares`
    notes.add('duplicates_in_one_split', message)
  }
}
