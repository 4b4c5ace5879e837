import { encodePng } from '../../formats/png.js'
import { type ZipFile, zip } from '../../formats/zip.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { readEncodedHeader } from '../images/encoded/encoded-image.js'
import { splitAt } from '../stored/split-ranges.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { imagePlaces, readImage } from '../stored/stored-images.js'
import { distinctNames } from './file-names.js'

type StoredImages = StoredDataset<ImagesManifest>

/** A zip with a folder for each class, in folders of splits if there are any: PNG of raw pixels, others as stored. */
export const folderZip = (dataset: StoredImages): AsyncIterable<Buffer> => zip(imageFiles(dataset))

function* imageFiles(dataset: StoredImages): Generator<ZipFile> {
  const { manifest } = dataset
  const { height, width, channels, encoding, records } = manifest
  const { labels } = imagePlaces(dataset)
  const folders = distinctNames(manifest.labels)
  const digits = String(Math.max(0, records - 1)).length
  for (let index = 0; index < records; index++) {
    const { image } = readImage(dataset, index)
    const isJpeg = encoding === 'encoded' && readEncodedHeader(image).format === 'JPEG'
    const content = encoding === 'raw' ? encodePng(image, { height, width, channels }) : image
    const split = splitAt(manifest, index)
    const folder = folders[labels[index]!]!
    const name = `${String(index).padStart(digits, '0')}.${isJpeg ? 'jpg' : 'png'}`
    yield { name: [...(split === null ? [] : [split]), folder, name].join('/'), content }
  }
}
