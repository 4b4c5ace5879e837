import { Check } from 'typebox/value'
import { DatasetId, Name } from '../spec/identifiers.js'
import { checkFlaws } from './errors.js'
import { dimensionRange, isDimension } from './images/dimensions.js'
import type { Dimensions } from './images/image-source.js'
import { mostClasses } from './limits.js'
import { parseTableFields, type TableFields, type TableForm } from './tables/table-form.js'

/** The text fields of an upload, as they come. */
export interface UploadForm extends TableFields {
  name?: string
  labels?: string
  height?: string
  width?: string
  channels?: string
}

export interface CheckedForm {
  name: string | null
  labels: string[] | null
  given: Partial<Dimensions>
  table: TableForm
  /** The fields that are there. */
  fields: string[]
}

const longestLabel = 200

export const isName = (text: string): boolean => Check(Name, text) && !isId(text)
export const isId = (text: string): boolean => Check(DatasetId, text)

export const checkForm = (form: UploadForm): CheckedForm =>
  checkFlaws(flaw => checkFields(form, flaw))

function checkFields(
  form: UploadForm,
  flaw: (field: string, message: string) => void,
): CheckedForm {
  if (form.name !== undefined && !isName(form.name)) {
    flaw(
      'name',
      `is ${quoted(form.name)}, expected 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first, and not the form of an id`,
    )
  }
  const given: Partial<Dimensions> = {}
  for (const side of ['height', 'width', 'channels'] as const) {
    const text = form[side]
    if (text === undefined) continue
    const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (isDimension(side, value)) given[side] = value
    else flaw(side, `is ${quoted(text)}, expected ${dimensionRange(side)}`)
  }
  const labels = form.labels === undefined ? null : parseLabels(form.labels)
  if (typeof labels === 'string') flaw('labels', labels)
  return {
    name: form.name ?? null,
    labels: typeof labels === 'string' ? null : labels,
    given,
    table: parseTableFields(form, flaw),
    fields: Object.keys(form),
  }
}

const imageFields = ['labels', 'height', 'width', 'channels']
const tableFields = ['delimiter', 'header', 'schema', 'target']

/** A field that says nothing about files of this kind is a misunderstanding. */
export function checkFieldsFit(fields: readonly string[], kind: 'images' | 'table'): void {
  const [foreign, found] = kind === 'table' ? [imageFields, 'tables'] : [tableFields, 'images']
  checkFlaws(flaw => {
    for (const field of fields) {
      if (foreign.includes(field)) flaw(field, `says nothing about ${found}, which these files are`)
    }
  })
}

/** The class names, or what is wrong with them. */
function parseLabels(text: string): string[] | string {
  let labels: unknown
  try {
    labels = JSON.parse(text)
  } catch {
    return `is ${quoted(text)}, expected a JSON array of class names`
  }
  if (!Array.isArray(labels) || labels.length === 0) return 'is no array of at least one class name'
  if (labels.length > mostClasses)
    return `has ${labels.length} names, expected at most ${mostClasses}`
  const bad = labels.findIndex(
    label => typeof label !== 'string' || label === '' || label.length > longestLabel,
  )
  if (bad >= 0) return `has no text of 1 to ${longestLabel} characters at index ${bad}`
  const repeated = labels.findIndex((label, index) => labels.indexOf(label) !== index)
  return repeated >= 0 ? `has ${quoted(labels[repeated])} twice` : labels
}

const quoted = (text: string) => JSON.stringify(text.slice(0, 100))
