import type { ImagesManifest, TableManifest } from '../spec/dataset.js'
import type { ConversionInput } from './conversion-input.js'
import type { ValidatedForm } from './form-fields.js'
import type { ImageForm } from './images/image-form.js'
import type { TableForm } from './tables/table-form.js'

type ManifestContent<Manifest> = Omit<Manifest, 'name' | 'createdAt'>

/** The part of a manifest that follows from the content. */
export type ConversionResult = ManifestContent<ImagesManifest> | ManifestContent<TableManifest>

export type Convert<Form> = (
  input: ConversionInput<Form>,
) => Promise<ConversionResult> | ConversionResult

/** What reads files of one kind. */
export type KindConverter =
  | { kind: 'images'; convert: Convert<ImageForm> }
  | { kind: 'table'; convert: Convert<TableForm> }

/** What a converter needs to see whether files of its format hold images or a table. */
export type UnsortedInput = Omit<ConversionInput<ValidatedForm>, 'problems'>
