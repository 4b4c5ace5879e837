import type { Notes } from '../../spec/notes.js'
import type { ConversionInput } from '../conversion-input.js'
import { fileError } from '../errors.js'
import { validateShape } from '../images/dimensions.js'
import { ImageError } from '../images/image-error.js'
import type { ImageForm } from '../images/image-form.js'
import type { ImageShape } from '../images/image-source.js'
import type { ImageStream, IncomingImage } from '../images/image-stream.js'
import { interleave } from '../images/interleave.js'
import { ArrayLabels } from './array-labels.js'
import { type ArrayLayout, inferLayout } from './array-layout.js'
import { type ArrayPixels, openPixels } from './array-pixels.js'
import type { ArrayPart, SortedArrays } from './array-roles.js'
import type { NpyArray } from './npy.js'

type ImagePart = ArrayPart & { answers: ArrayLabels }

/** True if the arrays are images: of three axes or more, or if the form says the size of images. */
export const areImages = ({ parts }: SortedArrays, { dimensions }: ImageForm): boolean =>
  parts.some(({ data }) => data.type.element !== null && data.shape.length > 2) ||
  (dimensions.height !== undefined && dimensions.width !== undefined)

/** The images of arrays, in their order. Throws if shapes or types fit none, or several. */
export function readArrayImages(
  sorted: SortedArrays,
  { form, limits, problems }: Pick<ConversionInput<ImageForm>, 'form' | 'limits' | 'problems'>,
): ImageStream {
  const parts = sorted.parts.map((part): ImagePart => {
    if (part.labels) return { ...part, answers: new ArrayLabels(part.labels) }
    const detail = `there are no labels for '${part.data.name}' ${part.data.describe()}: add an array named labels or y, of ${part.data.rows} numbers or texts`
    throw fileError('DATASET_LABELS', part.data.location, detail)
  })
  const [{ data: first }] = parts as [ImagePart]
  const layout = layoutOf(first, form)
  const shape = validateShape(first.location, layout, limits)
  for (const { data } of parts) checkSameShape(data, first)
  const records = parts.reduce((sum, { data }) => sum + data.rows, 0)
  if (records > limits.records) {
    const detail = `there are ${records} images, expected at most ${limits.records}`
    throw fileError('DATASET_TOO_LARGE', first.location, detail)
  }
  const pixels = openPixels(
    parts.map(({ data }) => data),
    form,
  )
  const hot = Math.max(...parts.map(({ answers }) => answers.oneHotClasses ?? 0))
  return {
    images: imagesOf(parts, layout, shape, pixels, error => problems.add(error)),
    classNames: () =>
      form.labels ?? (hot > 0 ? Array.from({ length: hot }, (_, index) => String(index)) : null),
    addNotes: notes => {
      noteRoles(notes, sorted)
      if (hot > 0) {
        notes.add(
          'labels_one_hot',
          `the labels are one-hot rows of ${hot} classes, read as 0 to ${hot - 1}`,
        )
      }
      if (layout.layout === 'channels_first' && layout.isInferred) {
        const message = `the images are (channels, height, width) by their shape (${first.shape.join(', ')}), and are stored with the channels last; the form field layout says another`
        notes.add('layout_inferred', message)
      }
      pixels.addNotes(notes)
    },
  }
}

function layoutOf(array: NpyArray, form: ImageForm): ArrayLayout {
  const layout = inferLayout(array.shape, form.dimensions, form.layout)
  if (typeof layout === 'string') throw fileError('DATASET_DIMENSIONS', array.location, layout)
  return layout
}

function checkSameShape(array: NpyArray, first: NpyArray): void {
  const sides = array.shape.slice(1).join(', ')
  const expected = first.shape.slice(1).join(', ')
  if (sides === expected) return
  const detail = `the images have the shape (${sides}), and those of '${first.name}' (${expected})`
  throw fileError('DATASET_SIZE_MISMATCH', array.location, detail)
}

function* imagesOf(
  parts: readonly ImagePart[],
  { layout }: ArrayLayout,
  shape: ImageShape,
  pixels: ArrayPixels,
  onProblem: (error: unknown) => void,
): Generator<IncomingImage> {
  const { channels } = shape
  const isPlanar = layout === 'channels_first' && channels > 1
  const interleaved = new Uint8Array(shape.height * shape.width * channels)
  for (const { split, data, answers } of parts) {
    for (let row = 0; row < data.rows; row++) {
      const location = data.rowLocation(row)
      let content: Uint8Array
      let label: string | number
      try {
        content = pixels.read(data, row)
        label = answers.read(row)
      } catch (error) {
        if (!(error instanceof ImageError)) onProblem(error)
        else onProblem(fileError('DATASET_IMAGE', location, error.message, error))
        continue
      }
      if (isPlanar) {
        interleave(content, channels, interleaved)
        content = interleaved
      }
      yield { location, content, shape, label, split }
    }
  }
}

/** Says which arrays were taken for what, if their names do not, and which were not. */
export function noteRoles(notes: Notes, { parts, leftOut, isByShape }: SortedArrays): void {
  if (isByShape) {
    const texts = parts.map(({ data, labels }) =>
      labels ? `'${data.name}' with the labels '${labels.name}'` : `'${data.name}'`,
    )
    const message = `${texts.join(', ')} ${texts.length > 1 ? 'are' : 'is'} taken by shape; arrays that are named x and y, or images and labels, need no guess`
    notes.add('arrays_inferred', message)
  }
  if (leftOut.length > 0) {
    const names = leftOut.slice(0, 20).map(array => `'${array.name}' ${array.describe()}`)
    const more = leftOut.length > names.length ? ` and ${leftOut.length - names.length} more` : ''
    notes.add(
      'arrays_left_out',
      `arrays that are neither data nor labels: ${names.join(', ')}${more}`,
    )
  }
}
