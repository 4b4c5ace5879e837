import { join } from 'node:path'
import type { ImagesManifest, Shard } from '../../../spec/dataset.js'
import { ImageIndexWriter, openImageIndex } from '../../images/image-index.js'
import type { SourceDataset } from '../source-dataset.js'
import { type ImageSelection, leftOut } from './image-selection.js'

/** Where each image lies, by its place in the source. */
export interface ImagePlaces {
  shards: Int32Array
  /** The byte of its record; -1 if it is that in the source. */
  offsets: Float64Array
}

/** Writes the index of the images that are kept, in the order of their shards. Null if the source has none. */
export async function writeDerivedIndex(
  { manifest, folder }: SourceDataset<ImagesManifest>,
  { labels, splits, splitNames }: ImageSelection,
  places: ImagePlaces,
  to: string,
): Promise<{ shard: Shard; fieldsHash: string | null } | null> {
  if (!manifest.index) return null
  const index = await openImageIndex(join(folder, manifest.index.name))
  const writer = new ImageIndexWriter(to, index)
  try {
    for (let split = 0; split < Math.max(1, splitNames.length); split++) {
      let record = 0
      for await (const row of index.rows()) {
        const label = labels[record]!
        if (label !== leftOut && splits[record] === split) {
          const offset = places.offsets[record]!
          const shard = places.shards[record]!
          writer.add({ ...row, label, shard, offset: offset < 0 ? row.offset : offset })
        }
        record++
      }
    }
    const fieldsHash = index.hasFields ? writer.hashFields() : null
    return { shard: await writer.close(), fieldsHash }
  } finally {
    await index.close()
  }
}
