import type { ProblemList } from '../problem-list.js'
import type { ImageSource } from './image-source.js'
import type { ImageStream, IncomingImage } from './image-stream.js'

/** The images of a source in their order, without those that cannot be read. They belong to no split. */
export const streamOf = (source: ImageSource, problems: ProblemList): ImageStream => ({
  images: imagesOf(source, problems),
  classNames: () => source.classNames,
  addNotes: notes => source.addNotes?.(notes),
})

function* imagesOf(source: ImageSource, problems: ProblemList): Generator<IncomingImage> {
  const { records, shape } = source
  for (let record = 0; record < records; record++) {
    const sample = problems.attempt(() => source.read(record))
    if (!sample) continue
    const { image, label, channels } = sample
    yield { location: source.location(record), content: image, shape, label, channels, split: null }
  }
}
