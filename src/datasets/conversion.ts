import type { ImagesManifest, TableManifest } from '../spec/dataset.js'
import { detectFormat, openImageSource } from './detect.js'
import { checkFieldsApply, type ValidatedForm } from './form.js'
import { computeImageStatistics } from './images/image-survey.js'
import { writeShards } from './images/shards.js'
import { InputFile } from './input-file.js'
import type { DatasetLimits } from './limits.js'
import { convertTable } from './tables/table-conversion.js'

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
    if (format === 'CSV') return convertTable(inputs, form.table, folder, limits)
    const source = openImageSource(inputs, format, form.images, limits)
    const statistics = await computeImageStatistics(source)
    const { shape, encoding, records } = source
    const shards = writeShards(source, folder)
    return { kind: 'images', ...statistics, ...shape, encoding, records, shards }
  } finally {
    for (const input of inputs) input.close()
  }
}
