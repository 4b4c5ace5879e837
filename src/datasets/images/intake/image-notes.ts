import type { ImageDuplicates, ImageSizes } from '../../../spec/dataset.js'
import { listNames, type Notes } from '../../../spec/notes.js'
import type { ImageTrait } from '../encoded/image-traits.js'
import type { ImagePlan } from './image-plan.js'
import type { StagedImages } from './staged-images.js'

/** Says to which size images of different sizes were brought, and that a form asked for. */
export function addResizeNote(
  notes: Notes,
  { resize, isChosen }: ImagePlan,
  { different, height, width, common }: ImageSizes,
): void {
  if (!resize) return
  const [first] = common
  const found =
    different === 1
      ? `are ${first!.height} x ${first!.width}`
      : `have ${different} sizes, from ${height.min} x ${width.min} to ${height.max} x ${width.max} (half of them are at most ${height.median} high, and at most ${width.median} wide)`
  const ways = {
    fill: 'what exceeds the shape is cut off on both sides',
    fit: 'black fills the rest',
    stretch: 'their aspect ratio changes',
  }
  const choice = isChosen
    ? '; the size was chosen from theirs: the form field resize says another, such as 128x128, or another mode (fit, fill or stretch)'
    : ''
  const message = `the images ${found}, and are resized to ${resize.height} x ${resize.width}, mode ${resize.mode}: ${ways[resize.mode]}${choice}`
  notes.add('images_resized', message)
}

/** Says which images are not stored as a person may see them elsewhere. */
export function addConversionNotes(
  notes: Notes,
  staged: StagedImages,
  { shape, encoding }: ImagePlan,
) {
  const counts = countTraits(staged)
  const found = [...traitTexts].flatMap(([trait, text]) => {
    const count = counts.traits.get(trait)
    return count ? [`${count} ${text}`] : []
  })
  const records = staged.length
  if (shape.channels === 3 && counts.grey > 0 && counts.grey < records) {
    found.unshift(`${counts.grey} are grey and get three equal channels`)
  }
  if (shape.channels === 1 && counts.grey < records) {
    found.unshift(`${records - counts.grey} have colour, of which the brightness is used`)
  }
  if (found.length > 0) {
    notes.add('images_converted', `of ${records} images, ${found.join('; ')}`)
  }
  if (counts.turned > 0) {
    const message = `${counts.turned} of ${records} images are marked to be shown turned or mirrored (EXIF orientation), and are stored upright; predict does the same`
    notes.add('images_turned', message)
  }
  if (encoding === 'encoded' && counts.reencoded > 0) {
    const message = `${counts.reencoded} of ${records} images are stored as PNG without loss, since training reads PNG and JPEG that are upright`
    notes.add('images_reencoded', message)
  }
}

function countTraits(staged: StagedImages) {
  const traits = new Map<ImageTrait, number>()
  const counts = { traits, grey: 0, turned: 0, reencoded: 0 }
  for (let index = 0; index < staged.length; index++) {
    const format = staged.format(index)
    if (staged.channels(index) === 1) counts.grey++
    const isTurned = staged.orientation(index) > 1
    if (isTurned) counts.turned++
    if (isTurned || (format !== 'PNG' && format !== 'JPEG')) counts.reencoded++
    for (const trait of traitTexts.keys()) {
      if (staged.hasTrait(index, trait)) traits.set(trait, (traits.get(trait) ?? 0) + 1)
    }
  }
  return counts
}

const traitTexts: ReadonlyMap<ImageTrait, string> = new Map([
  ['transparent', 'have transparency, which is left out'],
  ['sixteenBit', 'have 16 bits per channel, of which the upper 8 are used'],
  ['cmyk', 'are CMYK and are converted to RGB'],
  ['animated', 'are animations, of which the first frame is used'],
])

/** A warning for images of more than one split: what a model is tested on, it has learned. */
export function addDuplicateNotes(notes: Notes, { exact, near }: ImageDuplicates): void {
  if (exact.groups > 0) {
    const message = `${exact.images} images have the same pixels as others, in ${exact.groups} groups, such as ${listNames(exact.examples[0]!, 4)}`
    notes.add('duplicate_images', message)
  }
  if (near && near.groups > 0) {
    const message = `${near.images} images look nearly the same as others, in ${near.groups} groups, such as ${listNames(near.examples[0]!, 4)}`
    notes.add('similar_images', message)
  }
  const across = exact.acrossSplits + (near?.acrossSplits ?? 0)
  if (across === 0) return
  const example = exact.acrossSplits > 0 ? exact.examples[0]! : near!.examples[0]!
  const message = `${across} groups of equal or similar images lie in more than one split, such as ${listNames(example, 4)}: what is measured on one of the splits is better than it should be`
  notes.add('duplicates_across_splits', message)
}
