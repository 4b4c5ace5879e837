import type {
  DatasetStep,
  FilterStep,
  LabelStep,
  RelabelStep,
  SampleStep,
} from '../../../spec/dataset-steps.js'
import { listNames, type Notes } from '../../../spec/notes.js'
import { maxClasses } from '../../limits.js'
import { meets, parseConditions } from '../conditions.js'
import { sampleSizes } from '../sample-size.js'
import { assignParts, countStrata, oneStratum, type Strata } from '../sampling.js'
import { type StepErrors, unknownName } from '../step-errors.js'
import { dropDuplicates } from './duplicates.js'
import type { ImageFacts } from './image-facts.js'
import { type ImageSelection, keptRecords, leftOut, withoutEmptySplits } from './image-selection.js'
import { splitImages } from './split-images.js'

/** Does a step. Adds errors that name its fields if it does not fit the data set. */
export function doImageStep(
  step: DatasetStep,
  selection: ImageSelection,
  facts: ImageFacts,
  errors: StepErrors,
  notes: Notes,
): ImageSelection {
  switch (step.kind) {
    case 'filter':
      return filter(step, selection, facts, errors)
    case 'sample':
      return sample(step, selection, errors)
    case 'split':
      return splitImages(step, selection, facts, errors, notes)
    case 'relabel':
      return relabel(step, selection, errors)
    case 'label':
      return label(step, selection, facts, errors)
    case 'dropDuplicates':
      return dropDuplicates(selection, facts.hashes)
    default:
      errors.add('/kind', 'wrong_kind', `${step.kind} is a step for tables, and these are images`)
      return selection
  }
}

function filter(
  { classes, splits, where }: FilterStep,
  selection: ImageSelection,
  facts: ImageFacts,
  errors: StepErrors,
): ImageSelection {
  if (!classes && !splits && !where) {
    errors.add('', 'required', 'filter needs classes, splits or where')
  }
  let found = selection
  if (classes) {
    const known = new Set(selection.classNames)
    for (const [i, name] of classes.entries()) {
      if (known.has(name)) continue
      const message = unknownName('class', name, selection.classNames)
      errors.add(`/classes/${i}`, 'unknown_class', message)
    }
    found = renameClasses(found, name => (classes.includes(name) ? name : null))
  }
  if (splits) found = keepSplits(found, splits, errors)
  if (where) found = keepWhere(found, where, facts, errors)
  return found
}

function keepSplits(
  selection: ImageSelection,
  splits: readonly string[],
  errors: StepErrors,
): ImageSelection {
  const { splitNames } = selection
  for (const [i, name] of splits.entries()) {
    if (splitNames.includes(name)) continue
    errors.add(`/splits/${i}`, 'unknown_split', unknownName('split', name, splitNames))
  }
  const kept = splitNames.map(name => splits.includes(name))
  const labels = selection.labels.map((label, record) =>
    kept[selection.splits[record]!] ? label : leftOut,
  )
  return withoutEmptySplits({ ...selection, labels })
}

const conditionNames = ['height', 'width', 'label', 'source']

function keepWhere(
  selection: ImageSelection,
  where: readonly string[],
  facts: ImageFacts,
  errors: StepErrors,
): ImageSelection {
  const isNumber = (name: string) => name === 'height' || name === 'width'
  const conditions = parseConditions(where, conditionNames, isNumber, errors)
  const { sourceOf } = facts
  if (!sourceOf && conditions.some(({ name }) => name === 'source')) {
    errors.add('/where', 'contradiction', noSources)
    return selection
  }
  const fieldOf = (name: string, record: number, label: number) => {
    if (name === 'height') return facts.heightOf(record)
    if (name === 'width') return facts.widthOf(record)
    return name === 'label' ? selection.classNames[label]! : sourceOf!(record)
  }
  const labels = selection.labels.map((label, record) =>
    label !== leftOut && conditions.every(each => meets(fieldOf(each.name, record, label), each))
      ? label
      : leftOut,
  )
  return withoutEmptySplits({ ...selection, labels })
}

const noSources =
  'the data set does not know the paths of its images in the upload: upload it again'

function sample(step: SampleStep, selection: ImageSelection, errors: StepErrors): ImageSelection {
  if (step.column !== undefined) {
    errors.add('/column', 'contradiction', 'images have no columns: leave out column')
  }
  const kept = keptRecords(selection)
  const strata = step.by === 'class' ? classStrata(selection, kept) : oneStratum(kept.length)
  const sizes = sampleSizes(step, countStrata(strata), errors)
  const parts = assignParts(strata, [sizes], step.seed ?? 1)
  const labels = selection.labels.slice()
  for (const [at, record] of kept.entries()) if (parts[at] === 1) labels[record] = leftOut
  return withoutEmptySplits({ ...selection, labels })
}

const classStrata = ({ labels, classNames }: ImageSelection, records: Uint32Array): Strata => ({
  of: Uint32Array.from(records, record => labels[record]!),
  count: classNames.length,
})

function relabel(
  { classes }: RelabelStep,
  selection: ImageSelection,
  errors: StepErrors,
): ImageSelection {
  const known = new Set(selection.classNames)
  for (const name of Object.keys(classes)) {
    if (known.has(name)) continue
    errors.add('/classes', 'unknown_class', unknownName('class', name, selection.classNames))
  }
  return renameClasses(selection, name => {
    return Object.hasOwn(classes, name) ? classes[name]! : name
  })
}

/** Gives classes the names that `nameOf` returns, in the order of the old ones; null drops the images of a class. */
function renameClasses(
  selection: ImageSelection,
  nameOf: (name: string) => string | null,
): ImageSelection {
  const newNames = selection.classNames.map(nameOf)
  const classNames = [...new Set(newNames.filter(name => name !== null))]
  const numbers = new Map(classNames.map((name, number) => [name, number]))
  const newLabels = newNames.map(name => (name === null ? leftOut : numbers.get(name)!))
  const labels = selection.labels.map(label => (label === leftOut ? leftOut : newLabels[label]!))
  return withoutEmptySplits({ ...selection, labels, classNames })
}

/** Classes that are new come after those that exist, in sorted order; those without images are dropped. */
function label(
  step: LabelStep,
  selection: ImageSelection,
  facts: ImageFacts,
  errors: StepErrors,
): ImageSelection {
  const { sourceOf } = facts
  if (!sourceOf) {
    errors.add('', 'contradiction', noSources)
    return selection
  }
  const labels = facts.labelsOf(step)
  const { others = 'refuse' } = step
  const names: (string | null)[] = []
  const unlabelled: string[] = []
  for (const [record, old] of selection.labels.entries()) {
    if (old === leftOut) {
      names.push(null)
      continue
    }
    const found = labelOf(sourceOf(record), labels)
    if (found === undefined) unlabelled.push(sourceOf(record))
    names.push(found ?? (others === 'keep' ? selection.classNames[old]! : null))
  }
  if (unlabelled.length > 0 && others === 'refuse') {
    const message = `${unlabelled.length} images have no label, such as ${listNames(unlabelled, 5)}: give them labels, or say what to do with the others`
    errors.add('/others', 'required', message)
  }
  const present = new Set(names.filter(name => name !== null))
  const added = [...present].filter(name => !selection.classNames.includes(name)).sort()
  const classNames = [...selection.classNames.filter(name => present.has(name)), ...added]
  if (classNames.length > maxClasses) {
    const message = `there are ${classNames.length} classes, at most ${maxClasses} are possible`
    errors.add('', 'too_large', message)
  }
  const numbers = new Map(classNames.map((name, number) => [name, number]))
  const newLabels = Int32Array.from(names, name => (name === null ? leftOut : numbers.get(name)!))
  return withoutEmptySplits({ ...selection, labels: newLabels, classNames })
}

/** The label of a path, or of a part at its end: `b/c.jpg` or `c.jpg` for `a.zip/b/c.jpg`. */
function labelOf(source: string, labels: ReadonlyMap<string, string>): string | undefined {
  for (let from = 0; from >= 0; from = source.indexOf('/', from) + 1 || -1) {
    const found = labels.get(source.slice(from))
    if (found !== undefined) return found
  }
  return undefined
}
