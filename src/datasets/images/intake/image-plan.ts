import type { ImageResize } from '../../../spec/dataset.js'
import { fileError } from '../../errors.js'
import type { DatasetLimits } from '../../limits.js'
import { checkDeclared, validateShape } from '../dimensions.js'
import type { ImageForm } from '../image-form.js'
import type { ImageShape } from '../image-source.js'
import type { SizeSurvey } from './image-sizes.js'
import type { StagedImages } from './staged-images.js'

/** How the images of a set are stored. */
export interface ImagePlan {
  shape: ImageShape
  encoding: 'raw' | 'encoded'
  /** Null if all images have one size. */
  resize: ImageResize | null
  /** Whether the server has chosen to resize. */
  isChosen: boolean
}

/**
 * Images of one size stay as they are: files as files, pixels as pixels. Others are resized once and stored as
 * pixels, so that training decodes nothing. Throws DATASET_SIZE_MISMATCH if the form says another size, and
 * DATASET_TOO_LARGE if an image of this size is too large.
 */
export function planImages(
  staged: StagedImages,
  sizes: SizeSurvey,
  form: ImageForm,
  limits: DatasetLimits,
): ImagePlan {
  const first = staged.location(0)
  const channels = planChannels(staged, form)
  checkFormSize(staged, form)
  const resize = form.resize ?? (sizes.different > 1 ? sizes.chooseResize() : null)
  const { height, width } = resize ?? staged.size(0)
  const shape = validateShape(first, { height, width, channels }, limits)
  const isEncoded = !resize && staged.every(index => staged.format(index) !== null)
  return {
    shape,
    encoding: isEncoded ? 'encoded' : 'raw',
    resize,
    isChosen: resize !== null && form.resize === null,
  }
}

/** The form's, or the most that an image has: three if any image has colour. */
function planChannels(staged: StagedImages, form: ImageForm): number {
  let most = 1
  for (let index = 0; index < staged.length; index++) {
    most = Math.max(most, staged.channels(index))
  }
  const channels = form.dimensions.channels ?? most
  for (let index = 0; index < staged.length; index++) {
    const found = staged.channels(index)
    const isFile = staged.format(index) !== null
    if (isFile ? channels !== 4 : found === channels) continue
    const detail = isFile
      ? 'image files decode to 1 or 3 channels, not 4'
      : `the image has ${found} channels, expected ${channels} as ${form.dimensions.channels ? 'the form says' : 'others have'}`
    throw fileError('DATASET_SIZE_MISMATCH', staged.location(index), detail)
  }
  return channels
}

/** The fields height and width say what the images are; the field resize, what they become. */
function checkFormSize(staged: StagedImages, { dimensions }: ImageForm): void {
  const { height, width } = dimensions
  if (height === undefined && width === undefined) return
  for (let index = 0; index < staged.length; index++) {
    const size = { ...staged.size(index), channels: staged.channels(index) }
    checkDeclared(
      { ...dimensions, channels: size.channels },
      size,
      staged.location(index),
      'the form',
    )
  }
}
