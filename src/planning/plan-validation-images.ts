import type { FieldErrors } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import { listNames, type Notes } from '../spec/notes.js'

const path = '/training/validation/dataset'

/**
 * Matches the classes of a validation data set to those of the training data by their names. Returns
 * the number of the training class for each class of `validation`, -1 for a class without images that
 * the training data lacks; undefined if both have the same classes in the same order. Adds an error
 * if the images have another shape, or a class that the training data lacks.
 */
export function planValidationImages(
  dataset: ImagesManifest,
  validation: ImagesManifest,
  errors: FieldErrors,
  notes: Notes,
): number[] | undefined {
  const size = ({ height, width, channels }: ImagesManifest) => `${height}x${width}x${channels}`
  if (size(dataset) !== size(validation)) {
    const message = `'${validation.name}' has images of ${size(validation)}, '${dataset.name}' of ${size(dataset)}`
    errors.add(path, 'shape_mismatch', message)
  }
  const indexByLabel = new Map(dataset.labels.map((label, index) => [label, index]))
  const classes = validation.labels.map(label => indexByLabel.get(label) ?? -1)
  const unknown = validation.labels.filter(
    (_, index) => classes[index] === -1 && validation.classCounts[index]! > 0,
  )
  if (unknown.length > 0) {
    errors.add(path, 'class_mismatch', describeUnknownClasses(dataset, validation, unknown))
    return undefined
  }
  noteUnvalidatedClasses(dataset, validation, classes, notes)
  if (classes.every((trainingClass, index) => trainingClass === index)) return undefined
  if (classes.some((trainingClass, index) => trainingClass !== -1 && trainingClass !== index)) {
    const message = `the classes of '${validation.name}' have other numbers than in '${dataset.name}'; they are matched by name`
    notes.add('classes_matched_by_name', message)
  }
  return classes
}

function describeUnknownClasses(
  dataset: ImagesManifest,
  validation: ImagesManifest,
  unknown: readonly string[],
): string {
  const fold = (label: string) => label.normalize('NFKC').trim().toLowerCase()
  const labelByFolded = new Map(dataset.labels.map(label => [fold(label), label]))
  const similar = unknown.flatMap(label => {
    const known = labelByFolded.get(fold(label))
    return known === undefined ? [] : [`'${label}' is not '${known}'`]
  })
  const isNumbered = validation.labels.every((label, index) => label === String(index))
  const cure = isNumbered
    ? 'if it was uploaded without class names, upload it again with labels'
    : 'upload it again with the same names in labels'
  return [
    `'${validation.name}' has images of classes that '${dataset.name}' lacks: ${listNames(unknown)}`,
    ...(similar.length > 0 ? [similar.slice(0, 3).join(', ')] : []),
    `'${dataset.name}' has ${listNames(dataset.labels)}. Classes are matched by name`,
    cure,
  ].join('; ')
}

function noteUnvalidatedClasses(
  dataset: ImagesManifest,
  validation: ImagesManifest,
  classes: readonly number[],
  notes: Notes,
): void {
  const validated = new Set(classes.filter((_, index) => validation.classCounts[index]! > 0))
  const unvalidated = dataset.labels.filter(
    (_, index) => dataset.classCounts[index]! > 0 && !validated.has(index),
  )
  if (unvalidated.length === 0) return
  const message = `'${validation.name}' has no image of ${unvalidated.length} of ${dataset.labels.length} classes, so validation says nothing about ${listNames(unvalidated)}`
  notes.add('class_not_validated', message)
}
