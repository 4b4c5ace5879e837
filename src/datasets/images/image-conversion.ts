import type { ImagesManifest } from '../../spec/dataset.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { openIdx } from './idx.js'
import type { ImageForm } from './image-source.js'
import { computeImageStatistics } from './image-survey.js'
import { writeShards } from './shards.js'
import { openTfrecords } from './tfrecord-source.js'

/** Checks and decodes all images, then writes them to shards. */
export async function convertImages(
  files: InputFile[],
  format: 'IDX' | 'TFRecord',
  form: ImageForm,
  folder: string,
  limits: DatasetLimits,
): Promise<Omit<ImagesManifest, 'name' | 'createdAt'>> {
  const open = format === 'IDX' ? openIdx : openTfrecords
  const source = open(files, form, limits)
  const statistics = await computeImageStatistics(source)
  const { shape, encoding, records } = source
  const shards = writeShards(source, folder)
  return { kind: 'images', ...statistics, ...shape, encoding, records, shards }
}
