import type { ImagesManifest } from '../../spec/dataset.js'
import type { ConversionInput } from '../conversion-input.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import type { ImageForm } from './image-form.js'
import type { ImageSource } from './image-source.js'
import { computeImageStatistics } from './image-survey.js'
import { writeShards } from './shards.js'

export type OpenImages = (files: InputFile[], form: ImageForm, limits: DatasetLimits) => ImageSource

/** Checks and decodes all images, then writes them to shards. */
export async function convertImages(
  { files, form, folder, limits }: ConversionInput<ImageForm>,
  open: OpenImages,
): Promise<Omit<ImagesManifest, 'name' | 'createdAt'>> {
  const source = open(files, form, limits)
  const statistics = await computeImageStatistics(source)
  const { shape, encoding, records } = source
  const shards = writeShards(source, folder)
  return { kind: 'images', ...statistics, ...shape, encoding, records, shards }
}
