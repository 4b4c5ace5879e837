import { mostTarBytes } from '../../../client/tar-header.js'
import type { ChosenFile } from './chosen-files.js'
import { tarOf } from './tar.js'

/** One upload: a file as it is, or many files in a tar. */
export interface Parcel {
  name: string
  content: Blob
  files: number
  /** The same for the same files, also after the page was loaded again. */
  fingerprint: string
}

const archiveEnding = /\.(zip|tar|tgz|tbz2?|txz|tzst|tar\.[a-z0-9]+)$/i
/** More loose files than this become one tar, as do all that have folders. */
const mostSingleFiles = 10

/**
 * What is sent for the chosen files. Archives go as they are, since the server reads none inside another. `onCount` is
 * told how many files are packed.
 */
export async function parcelsOf(
  files: readonly ChosenFile[],
  onCount: (count: number) => void,
): Promise<Parcel[]> {
  const isSingle = ({ path, file }: ChosenFile) =>
    archiveEnding.test(path) || file.size > mostTarBytes
  const single = files.filter(isSingle)
  const loose = files.filter(each => !isSingle(each))
  const isPlain = loose.length <= mostSingleFiles && loose.every(({ path }) => !path.includes('/'))
  if (isPlain || loose.length === 1) return [...loose, ...single].map(alone)
  return [await packed(loose, onCount), ...single.map(alone)]
}

const alone = (chosen: ChosenFile): Parcel => ({
  name: chosen.file.name,
  content: chosen.file,
  files: 1,
  fingerprint: fingerprintOf([chosen]),
})

async function packed(
  files: readonly ChosenFile[],
  onCount: (count: number) => void,
): Promise<Parcel> {
  const folder = files[0]!.path.split('/')[0]!
  const isOneFolder = files.every(({ path }) => path.startsWith(`${folder}/`))
  return {
    name: `${isOneFolder ? folder : 'files'}.tar`,
    content: await tarOf(files, onCount),
    files: files.length,
    fingerprint: fingerprintOf(files),
  }
}

/** Names, sizes and times of the files. Their content would take too long to read. */
function fingerprintOf(files: readonly ChosenFile[]): string {
  let one = 0xdeadbeef
  let other = 0x41c6ce57
  for (const { path, file } of files) {
    const text = `${path}\n${file.size}\n${file.lastModified}\n`
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      one = Math.imul(one ^ code, 2654435761)
      other = Math.imul(other ^ code, 1597334677)
    }
  }
  const hash = [one, other].map(half => (half >>> 0).toString(16)).join('')
  return `${files.length}-${hash}`
}
