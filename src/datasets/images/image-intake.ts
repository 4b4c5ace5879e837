// The one way in which images become a data set: they are staged in a temporary file, since their sizes decide
// what they become; then decoded on all cores, brought to one size, and written in a random order.
import type { ImagesManifest } from '../../spec/dataset.js'
import { Notes } from '../../spec/notes.js'
import { assertRoom } from '../../store/disk-room.js'
import type { ConversionInput } from '../conversion-input.js'
import type { ImageForm } from './image-form.js'
import type { ImageStream } from './image-stream.js'
import { addClassNotes } from './intake/class-notes.js'
import { addConversionNotes, addDuplicateNotes, addResizeNote } from './intake/image-notes.js'
import { type ImagePlan, planImages } from './intake/image-plan.js'
import { stageImages } from './intake/stage-images.js'
import { StagedImages } from './intake/staged-images.js'
import { storeImages } from './intake/store-images.js'

/** What a record, and a row of the index, take beside the image. */
const bytesPerRecord = 300

/**
 * Checks, decodes and stores the images of a stream. Throws a TrainyardError that names file, entry and record of
 * what cannot be used.
 */
export async function convertImageStream(
  input: ConversionInput<ImageForm>,
  stream: ImageStream,
): Promise<Omit<ImagesManifest, 'name' | 'createdAt'>> {
  const { form, folder, scratch, limits, report, problems } = input
  const staged = new StagedImages(scratch)
  try {
    const { sizes, labels, splits, formats, hasFields } = await stageImages(input, stream, staged)
    const plan = planImages(staged, sizes, form, limits)
    const { names, numbers, areNamed, areFromText } = labels.resolve(
      stream.classNames(),
      form.labels,
    )
    const cure = 'send fewer or smaller images (form field resize)'
    await assertRoom(folder, bytesNeeded(plan, staged), 'the data set', cure)
    const stored = await storeImages({
      staged,
      plan,
      classes: { names, numbers },
      splits: splits.resolve(),
      folder,
      scratch,
      report,
      problems,
      hasFields,
    })
    const summary = sizes.summary()
    const notes = new Notes()
    stream.addNotes?.(notes)
    if (areFromText) {
      const message = `the labels are texts and become ${names.length} classes in sorted order; the form field labels says another order`
      notes.add('labels_from_text', message)
    }
    addClassNotes(notes, names, stored.classCounts, areNamed)
    addResizeNote(notes, plan, summary)
    addConversionNotes(notes, staged, plan)
    addDuplicateNotes(notes, stored.duplicates)
    const { splits: parts, ...content } = stored
    return {
      kind: 'images',
      ...plan.shape,
      encoding: plan.encoding,
      labels: names,
      ...content,
      ...(plan.resize && { resize: plan.resize }),
      ...(parts.length > 0 && { splits: parts }),
      formats,
      sizes: summary,
      notes: notes.all,
    }
  } finally {
    staged.close()
  }
}

/** Of PNG files that are written anew, this knows only that they are no larger than their pixels. */
function bytesNeeded({ shape, encoding }: ImagePlan, staged: StagedImages): number {
  const { height, width, channels } = shape
  const pixelBytes = staged.length * height * width * channels
  const bytes = encoding === 'raw' ? pixelBytes : staged.bytes
  return bytes + staged.length * bytesPerRecord
}
