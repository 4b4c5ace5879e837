import type { ImagesManifest, TableManifest } from '../spec/dataset.js'
import type { ConversionInput, ReportProgress } from './conversion-input.js'
import { detectFormat, type FileFormat } from './detect.js'
import { checkFieldsApply, type ValidatedForm } from './form-fields.js'
import type { ImageForm } from './images/image-form.js'
import { InputFile } from './input-file.js'
import type { DatasetLimits } from './limits.js'
import type { TableForm } from './tables/table-form.js'

export interface ConversionTask {
  files: { name: string; path: string }[]
  form: ValidatedForm
  /** The folder that gets `shards/`. */
  folder: string
  /** A folder for temporary files, which the caller removes. */
  scratch: string
  limits: DatasetLimits
}

type ManifestContent<Manifest> = Omit<Manifest, 'name' | 'createdAt'>

/** The part of a manifest that follows from the content. */
export type ConversionResult = ManifestContent<ImagesManifest> | ManifestContent<TableManifest>

type Convert<Form> = (input: ConversionInput<Form>) => Promise<ConversionResult> | ConversionResult

/** Loads what one format needs, which the others do not. */
type Converter =
  | { kind: 'images'; load: () => Promise<Convert<ImageForm>> }
  | { kind: 'table'; load: () => Promise<Convert<TableForm>> }

const converters: Readonly<Record<FileFormat, Converter>> = {
  TFRecord: {
    kind: 'images',
    load: async () => {
      const { openTfrecords } = await import('./images/tfrecord/tfrecord-source.js')
      const { convertImages } = await import('./images/image-conversion.js')
      return input => convertImages(input, openTfrecords)
    },
  },
  IDX: {
    kind: 'images',
    load: async () => {
      const { openIdx } = await import('./images/idx.js')
      const { convertImages } = await import('./images/image-conversion.js')
      return input => convertImages(input, openIdx)
    },
  },
  CSV: {
    kind: 'table',
    load: async () => (await import('./tables/table-conversion.js')).convertTable,
  },
}

/** Checks all records before it writes anything. It reads files synchronously, since it runs in a process of its own. */
export async function convert(
  { files, form, folder, scratch, limits }: ConversionTask,
  report: ReportProgress = () => {},
): Promise<ConversionResult> {
  const inputs: InputFile[] = []
  try {
    for (const { name, path } of files) inputs.push(new InputFile(name, path))
    const converter = converters[detectFormat(inputs)]
    checkFieldsApply(form.fieldNames, converter.kind)
    const input = { files: inputs, folder, scratch, limits, report }
    if (converter.kind === 'table') {
      const convertTable = await converter.load()
      return await convertTable({ ...input, form: form.table })
    }
    const convertImages = await converter.load()
    return await convertImages({ ...input, form: form.images })
  } finally {
    for (const input of inputs) input.close()
  }
}
