import { validateForm } from '../../../src/datasets/form.js'
import type { ImageForm } from '../../../src/datasets/images/image-form.js'
import { convertImageStream } from '../../../src/datasets/images/image-intake.js'
import type { ImageStream, IncomingImage } from '../../../src/datasets/images/image-stream.js'
import { type DatasetLimits, defaultLimits } from '../../../src/datasets/limits.js'
import { ProblemList } from '../../../src/datasets/problem-list.js'
import type { ImageResize } from '../../../src/spec/dataset.js'

export interface ImageFile {
  name: string
  content: Uint8Array
  label?: string | number
  split?: string
}

/** An upload of image files in an archive called pictures.zip. */
export const streamOfFiles = (files: readonly ImageFile[]): ImageStream => ({
  images: files.map(
    ({ name, content, label = 0, split }): IncomingImage => ({
      location: { file: 'pictures.zip', entry: name },
      content,
      shape: null,
      label,
      split: split ?? null,
    }),
  ),
  classNames: () => null,
})

/** Converts a stream in this process. */
export async function convertStream(
  folder: string,
  stream: ImageStream,
  { form = {}, limits = {}, problems = new ProblemList() }: ConversionOptions = {},
) {
  const manifest = await convertImageStream(
    {
      files: [],
      form: { ...validateForm({}).images, ...form },
      folder,
      scratch: folder,
      limits: { ...defaultLimits, ...limits },
      problems,
      report: () => {},
    },
    stream,
  )
  return { ...manifest, folder }
}

export interface ConversionOptions {
  form?: Partial<ImageForm>
  limits?: Partial<DatasetLimits>
  problems?: ProblemList
}

export const convertFiles = (
  folder: string,
  files: readonly ImageFile[],
  resize: ImageResize | null = null,
) => convertStream(folder, streamOfFiles(files), { form: { resize } })
