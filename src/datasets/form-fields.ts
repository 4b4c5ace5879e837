import type { SplitStep } from '../spec/dataset-steps.js'
import { refuseFields } from './errors.js'
import type { ImageForm } from './images/image-form.js'
import type { OnError } from './problem-list.js'
import type { TableForm } from './tables/table-form.js'

/** The text fields of an upload, after validation. */
export interface ValidatedForm {
  name: string | null
  images: ImageForm
  table: TableForm
  onError: OnError
  /** Into which splits the records are to be divided. */
  splits: SplitStep | null
  /** Names of the fields that the form has. */
  fieldNames: string[]
}

const imageFields = [
  ...['labels', 'height', 'width', 'channels', 'features', 'dtype', 'range'],
  ...['resize', 'layout'],
]
const tableFields = [
  ...['delimiter', 'header', 'schema', 'target'],
  ...['decimal', 'thousands', 'missing', 'sheet'],
]

/** Throws DATASET_FORM if the form has fields that do not apply to this kind of data. */
export function checkFieldsApply(fieldNames: readonly string[], kind: 'images' | 'table'): void {
  const [inapplicable, contentKind] =
    kind === 'table' ? [imageFields, 'tables'] : [tableFields, 'images']
  const refused = fieldNames.filter(field => inapplicable.includes(field))
  refuseFields(refused, `${contentKind}, which these files are`)
}
