import type { ConversionInput } from '../../conversion-input.js'
import { fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { DatasetLimits } from '../../limits.js'
import { validateShape } from '../dimensions.js'
import { caught } from '../encoded/damage.js'
import { formatOf, imageFormats, readEncodedHeader } from '../encoded/encoded-image.js'
import { describeForeignImage } from '../encoded/foreign-image.js'
import { describeImage } from '../encoded/image-traits.js'
import { ImageError } from '../image-error.js'
import type { ImageForm } from '../image-form.js'
import type { ImageStream, IncomingImage } from '../image-stream.js'
import { SizeSurvey } from './image-sizes.js'
import { LabelNumbers } from './label-numbers.js'
import { SplitNumbers } from './splits.js'
import type { StagedImage, StagedImages } from './staged-images.js'

/** Pixels of all images: decoding them takes hours. */
const maxTotalPixels = 2 ** 40

export interface ImageSurvey {
  sizes: SizeSurvey
  labels: LabelNumbers
  splits: SplitNumbers
  /** Images of each format. */
  formats: Record<string, number>
  /** True if the upload says more of its images than their labels. */
  hasFields: boolean
}

/**
 * Copies the images of a stream to the temporary file, without those whose header tells that they cannot be used.
 * Throws their problems if they refuse the upload, and DATASET_EMPTY if there is no image.
 */
export async function stageImages(
  { files, limits, report, form, problems }: ConversionInput<ImageForm>,
  stream: ImageStream,
  staged: StagedImages,
): Promise<ImageSurvey> {
  const survey: ImageSurvey = {
    sizes: new SizeSurvey(),
    labels: new LabelNumbers(),
    splits: new SplitNumbers(),
    formats: {},
    hasFields: false,
  }
  let totalPixels = 0
  for await (const image of stream.images) {
    const { location } = image
    if (staged.length === limits.records) {
      const detail = `the set has more than ${limits.records} images`
      throw fileError('DATASET_TOO_LARGE', location, detail)
    }
    checkForm(form, image)
    const checked = problems.attempt(() => check(image, survey, limits))
    if (!checked) continue
    staged.add(checked, image.content, {
      label: String(image.label),
      split: image.split ?? '',
      fields: image.fields ?? '',
    })
    if (image.fields) survey.hasFields = true
    const size = staged.size(staged.length - 1)
    survey.sizes.add(size)
    totalPixels += size.height * size.width
    if (totalPixels > maxTotalPixels) throw tooManyPixels(files, totalPixels)
    const format = checked.format ?? 'pixels'
    survey.formats[format] = (survey.formats[format] ?? 0) + 1
    if (staged.length % 100 === 0) {
      report({ phase: 'reading', unit: 'images', done: staged.length, total: null })
    }
  }
  problems.check(staged.length + problems.skipped)
  if (staged.length > 0) return survey
  throw fileError('DATASET_EMPTY', { file: fileName(files) }, 'there are no images in it')
}

const fileName = (files: readonly InputFile[]) => files[0]?.name ?? 'upload'

const tooManyPixels = (files: readonly InputFile[], pixels: number) =>
  fileError(
    'DATASET_TOO_LARGE',
    { file: fileName(files) },
    `the images have more than ${pixels} pixels, expected at most ${maxTotalPixels} in all`,
  )

/** Throws a TrainyardError if this image cannot be used. */
function check(image: IncomingImage, survey: ImageSurvey, limits: DatasetLimits): StagedImage {
  const description = describe(image, limits)
  const { location } = image
  if (description instanceof ImageError) {
    throw fileError('DATASET_IMAGE', location, description.message, description)
  }
  const split = survey.splits.add(image.split, location)
  const channels = (!image.shape && image.channels) || description.channels
  const label = survey.labels.add(image.label, location)
  return { ...description, channels, location, label, split }
}

type Description = Omit<StagedImage, 'location' | 'label' | 'split'>

/** Throws DATASET_TOO_LARGE if an image has too many pixels. */
function describe(
  { content, shape, location }: IncomingImage,
  limits: DatasetLimits,
): Description | ImageError {
  if (shape) {
    const { height, width, channels } = validateShape(location, shape, limits)
    const expected = height * width * channels
    if (content.length !== expected) {
      return new ImageError(`the image has ${content.length} bytes, expected ${expected}`)
    }
    return { format: null, height, width, channels, orientation: 1, traits: [] }
  }
  if (!formatOf(content)) {
    const foreign = describeForeignImage(content)
    return new ImageError(foreign ?? `the file is none of ${imageFormats.join(', ')}`)
  }
  return (
    caught(() => validateShape(location, readEncodedHeader(content), limits)) ??
    describedFile(content)
  )
}

function describedFile(content: Uint8Array): Description | ImageError {
  let description: Description | null = null
  const error = caught(() => {
    description = describeImage(content)
  })
  return error ?? description!
}

function checkForm({ pixelType, pixelRange }: ImageForm, { shape, location }: IncomingImage): void {
  if (shape || (pixelType !== 'float32' && !pixelRange)) return
  const detail = 'the image is a file, so dtype=float32 and range do not go with it'
  throw fileError('DATASET_FORMAT', location, detail)
}
