import { Check } from 'typebox/value'
import { FieldErrors, quoteJson } from '../errors.js'
import { DatasetId, Name } from '../spec/identifiers.js'
import { parseSplits } from './derived/splits-field.js'
import { addFormError } from './errors.js'
import type { ValidatedForm } from './form-fields.js'
import { dimensionRange, isDimension } from './images/dimensions.js'
import { imageLayouts, pixelRanges, pixelTypes } from './images/image-form.js'
import type { Dimensions } from './images/image-source.js'
import { parseResize } from './images/resize-field.js'
import { parseFeatureNames } from './images/tfrecord/feature-names.js'
import { maxClasses, maxLabelLength } from './limits.js'
import { defaultOnError, type OnError } from './problem-list.js'
import { parseTableFields, type TableFields } from './tables/table-form.js'

/** The text fields of an upload, before validation. */
export interface UploadForm extends TableFields {
  name?: string
  labels?: string
  height?: string
  width?: string
  channels?: string
  features?: string
  dtype?: string
  range?: string
  layout?: string
  onError?: string
  maxSkipped?: string
  resize?: string
  splits?: string
}

export const isName = (text: string): boolean => Check(Name, text) && !isId(text)
export const isId = (text: string): boolean => Check(DatasetId, text)

/** Throws DATASET_FORM with every invalid field. */
export function validateForm(form: UploadForm): ValidatedForm {
  const errors = new FieldErrors()
  if (form.name !== undefined && !isName(form.name)) {
    addFormError(
      errors,
      'name',
      `is ${quoteJson(form.name)}, expected 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first, and not the form of an id`,
    )
  }
  const dimensions: Partial<Dimensions> = {}
  for (const dimension of ['height', 'width', 'channels'] as const) {
    const text = form[dimension]
    if (text === undefined) continue
    const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (isDimension(dimension, value)) {
      dimensions[dimension] = value
    } else {
      const range = dimensionRange(dimension)
      addFormError(errors, dimension, `is ${quoteJson(text)}, expected ${range}`)
    }
  }
  const labels = form.labels === undefined ? null : parseLabels(form.labels)
  if (typeof labels === 'string') addFormError(errors, 'labels', labels)
  const features = form.features === undefined ? null : parseFeatureNames(form.features)
  if (typeof features === 'string') addFormError(errors, 'features', features)
  const pixelType = parseOption('dtype', form.dtype, pixelTypes, errors)
  const pixelRange = parseOption('range', form.range, pixelRanges, errors)
  const layout = parseOption('layout', form.layout, imageLayouts, errors)
  const onError = parseOnError(form, errors)
  const resize = form.resize === undefined ? null : parseResize(form.resize)
  if (typeof resize === 'string') addFormError(errors, 'resize', resize)
  const splits = form.splits === undefined ? null : parseSplits(form.splits)
  if (typeof splits === 'string') addFormError(errors, 'splits', splits)
  const table = parseTableFields(form, errors)
  errors.throwIfAny('DATASET_FORM')
  return {
    name: form.name ?? null,
    images: {
      dimensions,
      labels: typeof labels === 'string' ? null : labels,
      features: typeof features === 'string' ? null : features,
      pixelType,
      pixelRange,
      resize: typeof resize === 'string' ? null : resize,
      layout,
    },
    table,
    onError,
    splits: typeof splits === 'string' ? null : splits,
    fieldNames: Object.keys(form),
  }
}

function parseOption<Option extends string>(
  field: string,
  text: string | undefined,
  options: readonly Option[],
  errors: FieldErrors,
): Option | null {
  if (text === undefined) return null
  const found = options.find(option => option === text)
  if (!found) {
    addFormError(errors, field, `is ${quoteJson(text)}, expected one of ${options.join(', ')}`)
  }
  return found ?? null
}

function parseOnError(form: UploadForm, errors: FieldErrors): OnError {
  const mode = parseOption('onError', form.onError, ['refuse', 'skip'] as const, errors)
  const text = form.maxSkipped
  if (text === undefined) return { ...defaultOnError, ...(mode && { mode }) }
  if (mode !== 'skip') {
    addFormError(errors, 'maxSkipped', 'goes with onError=skip only')
    return defaultOnError
  }
  const maxSkipped = /^(0?\.\d{1,9}|[01](\.0{0,9})?)$/.test(text) ? Number(text) : Number.NaN
  if (!(maxSkipped >= 0 && maxSkipped <= 1)) {
    const message = `is ${quoteJson(text)}, expected a share from 0 to 1 such as ${defaultOnError.maxSkipped}`
    addFormError(errors, 'maxSkipped', message)
  }
  return { mode, maxSkipped }
}

/** Returns the class names, or an error message. */
function parseLabels(text: string): string[] | string {
  let labels: unknown
  try {
    labels = JSON.parse(text)
  } catch {
    return `is ${quoteJson(text)}, expected a JSON array of class names`
  }
  if (!Array.isArray(labels) || labels.length === 0) return 'is no array of at least one class name'
  if (labels.length > maxClasses)
    return `has ${labels.length} names, expected at most ${maxClasses}`
  const invalidIndex = labels.findIndex(
    label => typeof label !== 'string' || label === '' || label.length > maxLabelLength,
  )
  if (invalidIndex >= 0)
    return `has no text of 1 to ${maxLabelLength} characters at index ${invalidIndex}`
  const seen = new Set<string>()
  for (const label of labels) {
    if (seen.has(label)) return `has ${quoteJson(label)} twice`
    seen.add(label)
  }
  return labels
}
