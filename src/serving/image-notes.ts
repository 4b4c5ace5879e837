import type { ImageDescription, ImageTrait } from '../datasets/images/encoded/image-traits.js'
import type { ImagePreprocessing } from '../spec/model.js'
import { Notes } from '../spec/notes.js'

/** What the notes on image files need of a model. */
export interface FileInput extends ImagePreprocessing {
  height: number
  width: number
  channels: 1 | 3 | 4
}

type Described = Pick<ImageDescription, 'height' | 'width' | 'channels' | 'orientation' | 'traits'>

/** Sizes that a note lists. */
const maxListedSizes = 5

const traitTexts: ReadonlyMap<ImageTrait, string> = new Map([
  ['transparent', 'have transparency, which is left out'],
  ['sixteenBit', 'have 16 bits per channel, of which the upper 8 are used'],
  ['cmyk', 'are CMYK and are converted to RGB'],
  ['animated', 'are animations, of which the first frame is used'],
])

const resizeTexts = {
  fill: 'what exceeds the shape is cut off on both sides',
  fit: 'black fills the rest',
  stretch: 'their aspect ratio may change',
}

/** Says what is done to image files before the network sees them, and to how many of them. */
export function imageNotes(images: readonly Described[], input: FileInput): Notes {
  const notes = new Notes()
  addSizes(notes, images, input)
  addOrientations(notes, images, input)
  addTraits(notes, images, input)
  return notes
}

function addSizes(notes: Notes, images: readonly Described[], input: FileInput): void {
  const sizes = new Map<string, number>()
  for (const image of images) {
    const { height, width } = shownSize(image, input)
    if (height === input.height && width === input.width) continue
    const size = `${height} x ${width}`
    sizes.set(size, (sizes.get(size) ?? 0) + 1)
  }
  if (sizes.size === 0) return
  const resized = [...sizes.values()].reduce((sum, count) => sum + count, 0)
  const common = [...sizes].sort(([, a], [, b]) => b - a).slice(0, maxListedSizes)
  const listed = common.map(([size, count]) => (resized === 1 ? size : `${size} (${count})`))
  const others = sizes.size - listed.length
  const from = `${listed.join(', ')}${others > 0 ? ` and ${others} other sizes` : ''}`
  const message = `${countOf(resized, images)} resized from ${from} to ${input.height} x ${input.width} (height x width), mode ${input.resize}: ${resizeTexts[input.resize]}`
  notes.add('images_resized', message)
}

/** As a person sees it; old versions may not turn it. */
const shownSize = ({ height, width, orientation }: Described, input: FileInput) =>
  orientation > 4 && input.orientation === 'exif'
    ? { height: width, width: height }
    : { height, width }

function addOrientations(notes: Notes, images: readonly Described[], input: FileInput): void {
  const turned = images.filter(({ orientation }) => orientation > 1).length
  if (turned === 0) return
  const what = `${turned} of ${images.length} images are marked to be shown turned or mirrored (EXIF orientation)`
  const message =
    input.orientation === 'exif'
      ? `${what}, and are predicted upright`
      : `${what}; this version was published before the server kept how a model prepares images, and may predict them as they are stored`
  notes.add('images_turned', message)
}

function addTraits(notes: Notes, images: readonly Described[], { channels }: FileInput): void {
  const found = [...traitTexts].flatMap(([trait, text]) => {
    if (trait === 'transparent' && channels === 4) return []
    const count = images.filter(({ traits }) => traits.includes(trait)).length
    return count > 0 ? [`${count} ${text}`] : []
  })
  const grey = images.filter(image => image.channels === 1).length
  if (channels > 1 && grey > 0) found.unshift(`${grey} are grey and get three equal channels`)
  if (channels === 1 && grey < images.length)
    found.unshift(`${images.length - grey} have colour, of which the brightness is used`)
  if (found.length > 0)
    notes.add('images_converted', `of ${images.length} images, ${found.join('; ')}`)
}

const countOf = (count: number, images: readonly unknown[]) =>
  `${count} of ${images.length} images ${count === 1 ? 'is' : 'are'}`
