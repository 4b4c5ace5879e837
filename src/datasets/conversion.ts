import type { ImagesManifest, TableManifest } from '../spec/dataset.js'
import { kindOfFiles, openSource } from './detect.js'
import { type CheckedForm, checkFieldsFit } from './form.js'
import { surveyImages } from './images/image-survey.js'
import { writeShards } from './images/shards.js'
import { InputFile } from './input-file.js'
import type { Limits } from './limits.js'
import { convertTable } from './tables/table-conversion.js'

export interface ConversionTask {
  files: { name: string; path: string }[]
  form: CheckedForm
  /** Where `shards/` goes. */
  folder: string
  limits: Limits
}

type Content<Manifest> = Omit<Manifest, 'name' | 'createdAt'>

/** What a manifest says of the content. */
export type Conversion = Content<ImagesManifest> | Content<TableManifest>

/** Checks everything before it writes anything. Synchronous: runs in a process of its own. */
export function convert({ files, form, folder, limits }: ConversionTask): Conversion {
  const inputs: InputFile[] = []
  try {
    for (const { name, path } of files) inputs.push(new InputFile(name, path))
    const kind = kindOfFiles(inputs)
    checkFieldsFit(form.fields, kind === 'CSV' ? 'table' : 'images')
    if (kind === 'CSV') return convertTable(inputs, form.table, folder, limits)
    const source = openSource(inputs, kind, form.given, limits)
    const survey = surveyImages(source, form.labels)
    const { shape, encoding, records } = source
    const shards = writeShards(source, folder)
    return { kind: 'images', ...survey, ...shape, encoding, records, shards }
  } finally {
    for (const input of inputs) input.close()
  }
}
