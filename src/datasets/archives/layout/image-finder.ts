import { baseName, type FileList, folderOf } from '../file-list.js'
import { hashBytes, hashCapacity } from '../path-set.js'
import { withoutImageEnding } from '../sort-files.js'

/** What a name of an image in a labels file fits: one image, none, or two equally well. */
export type Found = { image: number } | 'none' | { image: number; other: number }

/** Images of one name that are compared with a row. */
const maxCandidates = 1000

/**
 * Finds images by names as people write them into tables: with or without the ending, and with more or fewer
 * folders than the archive has. Hash tables of names, outside the heap.
 */
export class ImageFinder {
  private readonly byPath: ImagesByKey
  private readonly byName: ImagesByKey

  constructor(private readonly images: FileList) {
    this.byPath = new ImagesByKey(images, path => path)
    this.byName = new ImagesByKey(images, path => stemOf(baseName(path)))
  }

  /** `folder` is that of the labels file, in which images are looked for first. */
  find(name: string, folder: string, source: number): Found {
    const wanted = normalizeName(name)
    for (const path of [joinPath(folder, wanted), wanted]) {
      const exact = [...this.byPath.with(path)].filter(image => this.images.path(image) === path)
      const near = exact.find(image => this.images.sourceOf(image) === source)
      if (near !== undefined) return { image: near }
      if (exact.length === 1) return { image: exact[0]! }
    }
    return this.findAlike(wanted, folder, source)
  }

  private findAlike(wanted: string, folder: string, source: number): Found {
    let best = 0
    let seen = 0
    let found: Found = 'none'
    for (const image of this.byName.with(stemOf(baseName(wanted)))) {
      if (seen++ === maxCandidates) break
      const path = this.images.path(image)
      let score = scoreOf(path, wanted)
      if (score === 0) continue
      if (this.images.sourceOf(image) === source && isBelow(path, folder)) score += 1000
      if (score > best) {
        best = score
        found = { image }
      } else if (score === best && found !== 'none') {
        found = { image: found.image, other: image }
      }
    }
    return found
  }
}

/** Images in chains of equal hashes. */
class ImagesByKey {
  /** The first image of each hash + 1, and the next one of the same hash + 1. */
  private readonly first: Uint32Array
  private readonly next: Uint32Array

  constructor(images: FileList, keyOf: (path: string) => string) {
    this.first = new Uint32Array(hashCapacity(images.count))
    this.next = new Uint32Array(images.count)
    for (let image = images.count - 1; image >= 0; image--) {
      const slot = this.slotOf(keyOf(images.path(image)))
      this.next[image] = this.first[slot]!
      this.first[slot] = image + 1
    }
  }

  /** Images that may have this key. */
  *with(key: string): Generator<number> {
    for (let at = this.first[this.slotOf(key)]!; at !== 0; at = this.next[at - 1]!) yield at - 1
  }

  private slotOf(key: string): number {
    return hashBytes(Buffer.from(key)) & (this.first.length - 1)
  }
}

const stemOf = (name: string): string => withoutImageEnding(name).toLowerCase()

const normalizeName = (name: string): string =>
  name
    .trim()
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/|\/)+/, '')
    .normalize('NFC')

const isBelow = (path: string, folder: string): boolean =>
  folder === '' || path.startsWith(`${folder}/`)

const joinPath = (folder: string, name: string): string =>
  folder === '' ? name : `${folder}/${name}`

/** 0 if the name does not fit the path; more if more folders and letters agree. */
function scoreOf(path: string, wanted: string): number {
  const spelling = spellingScore(baseName(path), baseName(wanted))
  if (spelling === 0) return 0
  const [inArchive, written] = [stepsOf(folderOf(path)), stepsOf(folderOf(wanted))]
  const shared = Math.min(inArchive.length, written.length)
  for (let step = 1; step <= shared; step++) {
    if (inArchive.at(-step) !== written.at(-step)) return 0
  }
  return spelling + 10 * shared
}

const stepsOf = (folder: string): string[] => (folder === '' ? [] : folder.split('/'))

function spellingScore(name: string, wanted: string): number {
  if (name === wanted) return 4
  if (name.toLowerCase() === wanted.toLowerCase()) return 3
  const stem = withoutImageEnding(name)
  // a name that has the ending of another kind of image means another image
  if (stem === wanted) return 2
  return stem.toLowerCase() === wanted.toLowerCase() ? 1 : 0
}
