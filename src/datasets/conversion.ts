import type { ImagesManifest, TableManifest } from '../spec/dataset.js'
import { detectFormat } from './detect.js'
import { checkFieldsApply, type ValidatedForm } from './form-fields.js'
import { InputFile } from './input-file.js'
import type { DatasetLimits } from './limits.js'

export interface ConversionTask {
  files: { name: string; path: string }[]
  form: ValidatedForm
  /** The folder that gets `shards/`. */
  folder: string
  limits: DatasetLimits
}

type ManifestContent<Manifest> = Omit<Manifest, 'name' | 'createdAt'>

/** The part of a manifest that follows from the content. */
export type ConversionResult = ManifestContent<ImagesManifest> | ManifestContent<TableManifest>

/** Checks all records before it writes anything. It reads files synchronously, since it runs in a process of its own. */
export async function convert({
  files,
  form,
  folder,
  limits,
}: ConversionTask): Promise<ConversionResult> {
  const inputs: InputFile[] = []
  try {
    for (const { name, path } of files) inputs.push(new InputFile(name, path))
    const format = detectFormat(inputs)
    checkFieldsApply(form.fieldNames, format === 'CSV' ? 'table' : 'images')
    // each kind loads libraries that the other does not need
    if (format === 'CSV') {
      const { convertTable } = await import('./tables/table-conversion.js')
      return convertTable(inputs, form.table, folder, limits)
    }
    const { convertImages } = await import('./images/image-conversion.js')
    return await convertImages(inputs, format, form.images, folder, limits)
  } finally {
    for (const input of inputs) input.close()
  }
}
