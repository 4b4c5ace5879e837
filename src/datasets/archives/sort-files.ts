import { isUtf8 } from 'node:buffer'
import { TrainyardError } from '../../errors.js'
import { kindHeadBytes, nameImage } from '../file-kinds.js'
import type { FileProblems } from '../file-problems.js'
import { displayEntry, entryNameProblem } from './entry-name.js'
import type { EntrySource } from './entry-source.js'
import { baseName, FileList } from './file-list.js'
import { isTarHeader } from './tar-header.js'

export interface SortedFiles {
  images: FileList
  /** Texts that may name labels. */
  texts: FileList
  /** All other files, whose content decides. */
  data: FileList
  /** What operating systems and authors leave in folders: the number, and a few paths. */
  junk: { count: number; examples: string[] }
}

/** Sorts the files by their content. Archives within archives are problems. */
export function sortFiles(sources: readonly EntrySource[], problems: FileProblems): SortedFiles {
  const sorted: SortedFiles = {
    images: new FileList(sources),
    texts: new FileList(sources),
    data: new FileList(sources),
    junk: { count: 0, examples: [] },
  }
  for (const [number, source] of sources.entries()) {
    for (let entry = 0; entry < source.count; entry++) {
      const path = source.path(entry)
      // those of archives have been checked
      const problem = source.archive === null ? entryNameProblem(path) : null
      if (problem) problems.add('DATASET_FORMAT', source.location(entry), problem)
      else if (isJunk(path)) addJunk(sorted, path)
      else sortFile(sorted, number, entry, path, problems)
    }
  }
  return sorted
}

function sortFile(
  sorted: SortedFiles,
  sourceNumber: number,
  entry: number,
  path: string,
  problems: FileProblems,
): void {
  const { images, texts, data } = sorted
  const source = images.sources[sourceNumber]!
  let head: Buffer
  try {
    head = source.head(entry, kindHeadBytes)
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error
    problems.addError(error)
    return
  }
  const nested = source.archive === null ? null : nameNestedArchive(head)
  // a file with the name of an image that is none is named as a damaged image later
  if (nameImage(head) || hasImageName(path)) images.add(sourceNumber, entry)
  else if (nested) {
    const detail = `the entry is ${nested} within the archive, which is not unpacked: send its files, or send it by itself`
    problems.add('DATASET_FORMAT', source.location(entry), detail)
  } else if (isUtf8Text(head)) texts.add(sourceNumber, entry)
  else data.add(sourceNumber, entry)
}

function addJunk({ junk }: SortedFiles, path: string): void {
  junk.count++
  if (junk.examples.length < 3) junk.examples.push(displayEntry(path))
}

const imageName = /\.(?:jpe?g|png|gif|bmp|webp|tiff?|heic|heif|avif|jxl|jp2)$/i

export const hasImageName = (path: string): boolean => imageName.test(path)

/** The name of a file without the ending of an image. */
export const withoutImageEnding = (name: string): string => name.replace(imageName, '')

const junkFile =
  /^(?:thumbs\.db|ehthumbs\.db|desktop\.ini|(?:readme|licen[cs]e|copying|notice|authors|citation|changelog)(?:[._-][\w-]+)?(?:\.(?:txt|md|rst|html?|pdf))?)$/i

function isJunk(path: string): boolean {
  const steps = path.split('/')
  return (
    steps.some(step => step.startsWith('.') || step === '__MACOSX' || step === '@eaDir') ||
    junkFile.test(baseName(path))
  )
}

/** The last character may be cut off. */
function isUtf8Text(head: Buffer): boolean {
  const controls = head.some(byte => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)
  const end = head.findLastIndex(byte => byte < 128) + 1
  return !controls && end >= head.length - 4 && isUtf8(head.subarray(0, end))
}

/** Names an archive by its first bytes, except formats of arrays and tables that are zip archives. */
function nameNestedArchive(head: Buffer): string | null {
  const start = head.toString('latin1', 0, 6)
  if (start.startsWith('PK\x03\x04')) {
    const nameBytes = head.length < 30 ? 0 : head.readUInt16LE(26)
    const first = head.toString('latin1', 30, 30 + nameBytes)
    const isDocument = /\.npy$|^\[Content_Types\]\.xml$|^_rels\/|^docProps\/|^xl\/|^mimetype$/
    return isDocument.test(first) ? null : 'a zip archive'
  }
  if (isTarHeader(head)) return 'a tar archive'
  if (start.startsWith('7z\xbc\xaf\x27\x1c')) return 'a 7z archive'
  return start.startsWith('Rar!\x1a\x07') ? 'a RAR archive' : null
}
