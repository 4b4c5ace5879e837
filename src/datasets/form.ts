import { Check } from 'typebox/value'
import { DatasetId, Name } from '../spec/identifiers.js'
import { collectFieldErrors } from './errors.js'
import { dimensionRange, isDimension } from './images/dimensions.js'
import type { Dimensions } from './images/image-source.js'
import { maxClasses } from './limits.js'
import { parseTableFields, type TableFields, type TableForm } from './tables/table-form.js'

/** The text fields of an upload, as they come. */
export interface UploadForm extends TableFields {
  name?: string
  labels?: string
  height?: string
  width?: string
  channels?: string
}

export interface ValidatedForm {
  name: string | null
  labels: string[] | null
  dimensions: Partial<Dimensions>
  table: TableForm
  /** The fields that are there. */
  fieldNames: string[]
}

const maxLabelLength = 200

export const isName = (text: string): boolean => Check(Name, text) && !isId(text)
export const isId = (text: string): boolean => Check(DatasetId, text)

export const validateForm = (form: UploadForm): ValidatedForm =>
  collectFieldErrors(addError => validateFields(form, addError))

function validateFields(
  form: UploadForm,
  addError: (field: string, message: string) => void,
): ValidatedForm {
  if (form.name !== undefined && !isName(form.name)) {
    addError(
      'name',
      `is ${quoteTruncated(form.name)}, expected 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first, and not the form of an id`,
    )
  }
  const dimensions: Partial<Dimensions> = {}
  for (const dimension of ['height', 'width', 'channels'] as const) {
    const text = form[dimension]
    if (text === undefined) continue
    const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (isDimension(dimension, value)) dimensions[dimension] = value
    else addError(dimension, `is ${quoteTruncated(text)}, expected ${dimensionRange(dimension)}`)
  }
  const labels = form.labels === undefined ? null : parseLabels(form.labels)
  if (typeof labels === 'string') addError('labels', labels)
  return {
    name: form.name ?? null,
    labels: typeof labels === 'string' ? null : labels,
    dimensions,
    table: parseTableFields(form, addError),
    fieldNames: Object.keys(form),
  }
}

const imageFields = ['labels', 'height', 'width', 'channels']
const tableFields = ['delimiter', 'header', 'schema', 'target']

/** A field that says nothing about files of this kind is a misunderstanding. */
export function checkFieldsApply(fieldNames: readonly string[], kind: 'images' | 'table'): void {
  const [inapplicable, contentKind] =
    kind === 'table' ? [imageFields, 'tables'] : [tableFields, 'images']
  collectFieldErrors(addError => {
    for (const field of fieldNames) {
      if (inapplicable.includes(field))
        addError(field, `says nothing about ${contentKind}, which these files are`)
    }
  })
}

/** The class names, or what is wrong with them. */
function parseLabels(text: string): string[] | string {
  let labels: unknown
  try {
    labels = JSON.parse(text)
  } catch {
    return `is ${quoteTruncated(text)}, expected a JSON array of class names`
  }
  if (!Array.isArray(labels) || labels.length === 0) return 'is no array of at least one class name'
  if (labels.length > maxClasses)
    return `has ${labels.length} names, expected at most ${maxClasses}`
  const invalidIndex = labels.findIndex(
    label => typeof label !== 'string' || label === '' || label.length > maxLabelLength,
  )
  if (invalidIndex >= 0)
    return `has no text of 1 to ${maxLabelLength} characters at index ${invalidIndex}`
  const duplicateIndex = labels.findIndex((label, index) => labels.indexOf(label) !== index)
  return duplicateIndex >= 0 ? `has ${quoteTruncated(labels[duplicateIndex])} twice` : labels
}

const quoteTruncated = (text: string) => JSON.stringify(text.slice(0, 100))
