import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import pLimit from 'p-limit'
import type { Content } from '../content.js'
import { mostTarBytes, tarEnd, tarHead, tarPadding } from '../tar-header.js'
import type { FoundFile } from './found-files.js'
import { LocalFileError } from './local-file-error.js'

export interface LocalContent extends Content {
  /** The same while the files have the same names, sizes and times. To read them all would take too long. */
  fingerprint: string
}

const filesAtATime = 16

/** A file as it is. */
export const fileContent = (file: FoundFile): LocalContent => ({
  name: file.path.split('/').at(-1)!,
  bytes: file.bytes,
  fingerprint: hashOf([file.place, file.bytes, file.mtimeMs]),
  async read(offset, length) {
    const into = new Uint8Array(Math.min(length, file.bytes - offset))
    await readPart(file, offset, into)
    return into
  },
})

/**
 * Many files as one tar, which is made while it is sent and never lies anywhere: a part of it is made from the files
 * that lie there. `root` is the folder around all paths.
 */
export function tarContent(root: string, files: readonly FoundFile[]): LocalContent {
  const head = (file: FoundFile) => tarHead(`${root}/${file.path}`, file.bytes)
  const starts = new Float64Array(files.length + 1)
  for (const [i, file] of files.entries()) {
    starts[i + 1] = starts[i]! + head(file).length + file.bytes + tarPadding(file.bytes).length
  }
  const end = starts[files.length]!
  const bytes = end + tarEnd().length
  const limit = pLimit(filesAtATime)
  return {
    name: `${root}.tar`,
    bytes,
    fingerprint: hashOf(files.map(({ place, bytes: size, mtimeMs }) => [place, size, mtimeMs])),
    async read(offset, length) {
      // headers, padding and the end are noughts where nothing is written
      const into = new Uint8Array(Math.min(length, bytes - offset))
      const until = offset + into.length
      const parts: Promise<void>[] = []
      for (let i = indexAt(starts, offset); i < files.length && starts[i]! < until; i++) {
        const file = files[i]!
        const headBytes = head(file)
        copyPart(headBytes, starts[i]!, offset, into)
        const contentStart = starts[i]! + headBytes.length
        const from = Math.max(contentStart, offset)
        const to = Math.min(contentStart + file.bytes, until)
        if (from >= to) continue
        const place = into.subarray(from - offset, to - offset)
        parts.push(limit(() => readPart(file, from - contentStart, place)))
      }
      await Promise.all(parts)
      return into
    },
  }
}

/** The file whose part of the tar has the byte at `offset`: the last one that starts there or before. */
function indexAt(starts: Float64Array, offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (starts[middle]! <= offset) low = middle
    else high = middle
  }
  return low
}

/** Copies what of `source`, which starts at `start`, lies in the part `into` from `offset` on. */
function copyPart(source: Uint8Array, start: number, offset: number, into: Uint8Array): void {
  const from = Math.max(start, offset)
  const to = Math.min(start + source.length, offset + into.length)
  if (from < to) into.set(source.subarray(from - start, to - start), from - offset)
}

async function readPart(file: FoundFile, offset: number, into: Uint8Array): Promise<void> {
  const handle = await opened(file)
  try {
    const { size, mtimeMs } = await handle.stat()
    if (size !== file.bytes || mtimeMs !== file.mtimeMs) throw changed(file)
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await handle.read(into, done, into.length - done, offset + done)
      if (bytesRead === 0) throw changed(file)
      done += bytesRead
    }
  } finally {
    await handle.close()
  }
}

async function opened({ place }: FoundFile): Promise<FileHandle> {
  try {
    return await open(place)
  } catch (error) {
    throw unreadable(place, error)
  }
}

export const unreadable = (place: string, error: unknown): LocalFileError =>
  new LocalFileError(
    place,
    `${place} cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`,
    { cause: error },
  )

const changed = ({ place }: FoundFile) =>
  new LocalFileError(place, `${place} changed while it was sent; begin again`)

/** The same for the same values. */
export const hashOf = (values: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32)

const archiveEnding = /\.(zip|tar|tgz|tzst|tar\.[a-z0-9]+)$/i

/**
 * A folder as one tar. The server reads no archive within another, and a tar has no room for the size of a huge file:
 * these go alone.
 */
export function folderContents(root: string, files: readonly FoundFile[]): LocalContent[] {
  const isAlone = ({ path, bytes }: FoundFile) => archiveEnding.test(path) || bytes > mostTarBytes
  const packed = files.filter(file => !isAlone(file))
  const contents = files.filter(isAlone).map(fileContent)
  return packed.length > 0 ? [tarContent(root, packed), ...contents] : contents
}
