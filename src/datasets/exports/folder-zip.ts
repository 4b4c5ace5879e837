import { createHash } from 'node:crypto'
import { encodePng } from '../../formats/png.js'
import { type ZipFile, zip } from '../../formats/zip.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { readEncodedHeader } from '../images/encoded/encoded-image.js'
import { splitAt } from '../stored/split-ranges.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { type ImagePlaces, imagePlaces, readImage, readSources } from '../stored/stored-images.js'
import { distinctNames, folded, stemOf } from './file-names.js'

type StoredImages = StoredDataset<ImagesManifest>

/**
 * A zip with a folder for each class, in folders of splits if there are any: PNG of raw pixels, others as stored.
 * Files have the names that they had in the upload, followed by their number if a folder had a name twice.
 */
export async function* folderZip(dataset: StoredImages): AsyncGenerator<Buffer> {
  const places = await imagePlaces(dataset)
  const folders = imageFolders(dataset.manifest, places)
  const repeated = await repeatedPaths(dataset, folders)
  yield* zip(imageFiles(dataset, places, folders, repeated))
}

/** The folder of an image in the zip. */
type FolderOf = (index: number) => string

function imageFolders(manifest: ImagesManifest, { labels }: ImagePlaces): FolderOf {
  const names = distinctNames(manifest.labels)
  return index => {
    const split = splitAt(manifest, index)
    const name = names[labels[index]!]!
    return split === null ? name : `${split}/${name}`
  }
}

async function* imageFiles(
  dataset: StoredImages,
  places: ImagePlaces,
  folderOf: FolderOf,
  repeated: ReadonlySet<number>,
): AsyncGenerator<ZipFile> {
  const { height, width, channels, encoding, records } = dataset.manifest
  const digits = String(Math.max(0, records - 1)).length
  for await (const { index, source } of readSources(dataset)) {
    const { image } = readImage(dataset, places, index)
    const isJpeg = encoding === 'encoded' && readEncodedHeader(image).format === 'JPEG'
    const content = encoding === 'raw' ? encodePng(image, { height, width, channels }) : image
    const stem = source === null ? String(index).padStart(digits, '0') : stemOf(source)
    const path = `${folderOf(index)}/${stem}`
    // no stem has a tilde
    const unique = repeated.has(hashOf(path)) ? `${path}~${index}` : path
    yield { name: `${unique}.${isJpeg ? 'jpg' : 'png'}`, content }
  }
}

/** Hashes of the paths, without extension, that more than one image would have. Takes 8 bytes for each image. */
async function repeatedPaths(dataset: StoredImages, folderOf: FolderOf): Promise<Set<number>> {
  const repeated = new Set<number>()
  if (!dataset.manifest.index) return repeated
  const hashes = new Float64Array(dataset.manifest.records)
  for await (const { index, source } of readSources(dataset)) {
    hashes[index] = hashOf(`${folderOf(index)}/${stemOf(source ?? '')}`)
  }
  hashes.sort()
  for (let i = 1; i < hashes.length; i++) {
    if (hashes[i] === hashes[i - 1]) repeated.add(hashes[i]!)
  }
  return repeated
}

/** 48 bits, the same for paths that some file systems take for one. */
const hashOf = (path: string): number =>
  createHash('sha256').update(folded(path)).digest().readUIntBE(0, 6)
