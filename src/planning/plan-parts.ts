import type { FieldErrors } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import { partOf } from '../spec/dataset-part.js'
import { listNames, type Notes } from '../spec/notes.js'
import type { OtherValidation, TrainingSplits } from '../spec/validation-split.js'

/** The split that no job trains on unless it names it. */
const testSplit = 'test'
const trainingSplit = 'train'
const validationSplit = 'val'

const splitPath = '/training/split'
const validationPath = '/training/validation'

export interface RequestedParts {
  split?: TrainingSplits
  /** Absent if the request says nothing; a share or `holdOut` is held out of the training data. */
  validation?: number | object
}

/** The data of a job, and how its plan names it. */
export interface PlannedParts<M extends DatasetManifest> {
  /** What is trained on, before anything is held out of it. */
  training: M
  /** What is validated on; null if that is held out of the training data, or if there is none. */
  validation: M | null
  /** The part of the plan that names `validation`; null with it. */
  validationPlan: OtherValidation | null
  /** The splits of `training`; undefined if the data set has none. */
  split: string[] | undefined
}

/**
 * Chooses the splits that a job trains and validates on. Adds an error for each split that does not exist or is
 * used for both, and a note that says what is chosen. After an error, the parts are whole data sets.
 */
export function planParts<M extends DatasetManifest>(
  request: RequestedParts,
  dataset: M,
  otherDataset: M | null,
  errors: FieldErrors,
  notes: Notes,
): PlannedParts<M> {
  const names = splitNames(dataset)
  const validated = requestedValidation(request, dataset, otherDataset, errors)
  const split = trainedSplits(request, dataset, validated, errors)
  const isKnown = split?.every(name => names.includes(name)) ?? true
  const training = isKnown ? namedPart(dataset, split) : dataset
  const parts = {
    training,
    split: isKnown ? split : undefined,
    ...validationPart(validated, dataset, otherDataset),
  }
  if (names.length > 0 && isKnown) noteChoice(request, dataset, parts, notes)
  return parts
}

type Validated = { split: string } | { dataset: string; split?: string } | null

/** Null if the validation data is held out of the training data, and for a split that does not exist. */
function requestedValidation(
  { validation, split }: RequestedParts,
  dataset: DatasetManifest,
  otherDataset: DatasetManifest | null,
  errors: FieldErrors,
): Validated {
  const requested =
    typeof validation === 'object' && 'split' in validation && typeof validation.split === 'string'
      ? validation.split
      : undefined
  const source = otherDataset ?? dataset
  if (requested !== undefined && !splitNames(source).includes(requested)) {
    errors.add(`${validationPath}/split`, 'unknown_split', unknownSplit(requested, source))
    return otherDataset && { dataset: otherDataset.id }
  }
  if (otherDataset) {
    return { dataset: otherDataset.id, ...(requested !== undefined && { split: requested }) }
  }
  if (requested !== undefined) return { split: requested }
  if (validation !== undefined || !splitNames(dataset).includes(validationSplit)) return null
  const isTrainedOn = split !== undefined && [split].flat().includes(validationSplit)
  return isTrainedOn ? null : { split: validationSplit }
}

function trainedSplits(
  request: RequestedParts,
  dataset: DatasetManifest,
  validated: Validated,
  errors: FieldErrors,
): string[] | undefined {
  const names = splitNames(dataset)
  const validatedName = nameOfOwnSplit(dataset, validated)
  if (request.split !== undefined) {
    const requested = [request.split].flat()
    const unknown = requested.filter(name => !names.includes(name))
    for (const name of unknown) errors.add(splitPath, 'unknown_split', unknownSplit(name, dataset))
    if (validatedName !== null && requested.includes(validatedName)) {
      const message = `split '${validatedName}' is trained on, so validation on it says nothing: take another one`
      errors.add(`${validationPath}/split`, 'contradiction', message)
    }
    // in the order of the shards, which is that of the records
    return unknown.length > 0 ? requested : names.filter(name => requested.includes(name))
  }
  if (names.length === 0) return undefined
  const reserved = [validatedName, validationSplit, testSplit]
  const isTrained = (name: string) =>
    names.includes(trainingSplit) ? name === trainingSplit : !reserved.includes(name)
  const chosen = names.filter(name => isTrained(name) && name !== validatedName)
  if (chosen.length > 0) return chosen
  const message = `'${dataset.name}' has only the splits ${listNames(names)}, of which none is to train on unless training.split names it`
  errors.add(splitPath, 'required', message)
  return undefined
}

/** The split of the job's own data set that it validates on, perhaps by the data set's id. */
function nameOfOwnSplit({ id }: DatasetManifest, validated: Validated): string | null {
  if (!validated || validated.split === undefined) return null
  return 'dataset' in validated && validated.dataset !== id ? null : validated.split
}

function validationPart<M extends DatasetManifest>(
  validated: Validated,
  dataset: M,
  otherDataset: M | null,
): Pick<PlannedParts<M>, 'validation' | 'validationPlan'> {
  if (!validated) return { validation: null, validationPlan: null }
  const source = 'dataset' in validated ? otherDataset! : dataset
  const { split } = validated
  const validation = namedPart(source, split === undefined ? undefined : [split])
  return { validation, validationPlan: validated }
}

/** Its name says the splits, for messages: `flowers:val`. */
function namedPart<M extends DatasetManifest>(dataset: M, splits: string[] | undefined): M {
  if (splits === undefined) return dataset
  return { ...partOf(dataset, splits), name: `${dataset.name}:${splits.join('+')}` }
}

function noteChoice(
  request: RequestedParts,
  dataset: DatasetManifest,
  { split = [], training, validation, validationPlan }: PlannedParts<DatasetManifest>,
  notes: Notes,
): void {
  const names = splitNames(dataset)
  const validatedOn = nameOfOwnSplit(dataset, validationPlan)
  const counted = (name: string) =>
    `'${name}' (${dataset.splits!.find(each => each.name === name)!.records})`
  const trained = split.map(counted).join(', ')
  const validates =
    validatedOn !== null
      ? `validates on ${counted(validatedOn)}`
      : validation
        ? `validates on '${validation.name}' (${validation.records})`
        : 'validates on what training.validation holds out of it'
  const unused = names.filter(name => !split.includes(name) && name !== validatedOn)
  const leaves = unused.length > 0 ? `, and does not use ${unused.map(counted).join(', ')}` : ''
  const says = request.split !== undefined && request.validation !== undefined
  const remedy = says ? '' : '; training.split and training.validation choose others'
  const message = `of ${dataset.records} records of '${dataset.name}', the job trains on the split ${trained}, ${validates}${leaves}${remedy}`
  notes.add('splits_used', message)
  if (request.split !== undefined && split.includes(testSplit)) {
    const warning = `the split '${testSplit}' is trained on, as training.split says, so it can no longer test the model`
    notes.add('test_split_trained_on', warning)
  }
  const overlaps = validation?.id === training.id && validatedOn === null
  if (overlaps) {
    const warning = `'${dataset.name}' is validated on as a whole, with what is trained on; name one of its splits in training.validation`
    notes.add('validation_overlaps_training', warning)
  }
}

const splitNames = ({ splits }: DatasetManifest): string[] => (splits ?? []).map(({ name }) => name)

function unknownSplit(name: string, dataset: DatasetManifest): string {
  const names = splitNames(dataset)
  return names.length > 0
    ? `'${dataset.name}' has no split '${name}', but ${listNames(names)}`
    : `'${dataset.name}' has no splits, so there is no '${name}'; a derived data set can have some`
}
