import type { ImagesManifest } from '../../spec/dataset.js'
import type { ConversionInput } from '../conversion-input.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import type { ImageForm } from './image-form.js'
import { convertImageStream } from './image-intake.js'
import type { ImageSource } from './image-source.js'
import { streamOf } from './source-stream.js'

export type OpenImages = (files: InputFile[], form: ImageForm, limits: DatasetLimits) => ImageSource

/** Converts images that can be read by their number. */
export const convertImages = (
  input: ConversionInput<ImageForm>,
  open: OpenImages,
): Promise<Omit<ImagesManifest, 'name' | 'createdAt'>> =>
  convertImageStream(input, streamOf(open(input.files, input.form, input.limits), input.problems))
