import { lstat, open, opendir } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** A file to send. */
export interface FoundFile {
  /** Within the folder that was named, with slashes. */
  path: string
  /** On this machine. */
  place: string
  bytes: number
  mtimeMs: number
}

export const leftOutReasons = {
  hidden: 'hidden files and files of the system',
  link: 'symbolic links, which are not followed',
  special: 'pipes, sockets and devices',
  empty: 'empty files',
  foreignImage: 'images in a format that the server does not read; convert them to JPEG or PNG',
  noImage: 'files that are no images',
} as const
export type LeftOutReason = keyof typeof leftOutReasons

/** Files that are not sent: how many, and some of them. */
export type LeftOut = Partial<Record<LeftOutReason, { count: number; examples: string[] }>>

export interface FolderContent {
  /** In the order of their paths, so that the same folder is sent as the same bytes. */
  files: FoundFile[]
  hasImages: boolean
  leftOut: LeftOut
}

const maxExamples = 3
/** Files that are looked at in one go. */
const batch = 64

const systemName = /^(\..*|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|@eaDir)$/i
const imageEnding = /\.(jpe?g|jpe|jfif|png|webp|gif|bmp)$/i
const foreignImageEnding = /\.(heic|heif|avif|tiff?|jxl|jp2|psd|raw|dng|cr2|nef|svg)$/i
const labelListEnding = /\.(csv|tsv|jsonl|ndjson)$/i
/** Beside an image of the same name, they may say its class, as in WebDataset. */
const companionEnding = /\.(cls|json|txt)$/i

/**
 * What of a folder can become a data set. If it has images, these and the files that may say their classes; otherwise
 * all files. `onCount` is told how many were found so far.
 */
export async function findFiles(
  folder: string,
  onCount: (count: number) => void,
  signal: AbortSignal,
): Promise<FolderContent> {
  const leftOut: LeftOut = {}
  const found: FoundFile[] = []
  const pending = ['']
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const names: string[] = []
    for await (const { name } of await opendir(join(folder, path))) {
      if (systemName.test(name)) addLeftOut(leftOut, 'hidden', path + name)
      else names.push(name)
    }
    for (let from = 0; from < names.length; from += batch) {
      signal.throwIfAborted()
      const some = names.slice(from, from + batch)
      const all = await Promise.all(some.map(name => lstat(join(folder, path, name))))
      for (const [i, stats] of all.entries()) {
        const own = path + some[i]!
        if (stats.isDirectory()) pending.push(`${own}/`)
        else if (stats.isSymbolicLink()) addLeftOut(leftOut, 'link', own)
        else if (!stats.isFile()) addLeftOut(leftOut, 'special', own)
        else {
          const place = join(folder, own)
          found.push({ path: own, place, bytes: stats.size, mtimeMs: stats.mtimeMs })
        }
      }
      onCount(found.length)
    }
  }
  found.sort((a, b) => (a.path < b.path ? -1 : 1))
  return chosen(found, leftOut)
}

async function chosen(found: readonly FoundFile[], leftOut: LeftOut): Promise<FolderContent> {
  const images = new Set<FoundFile>()
  for (const file of found) if (await isImage(file)) images.add(file)
  if (images.size === 0) {
    const files = found.filter(({ bytes, path }) => {
      if (bytes === 0) addLeftOut(leftOut, 'empty', path)
      return bytes > 0
    })
    return { files, hasImages: false, leftOut }
  }
  const stems = new Set([...images].map(({ path }) => withoutEnding(path)))
  const files = found.filter(file => {
    const { path } = file
    if (images.has(file) || labelListEnding.test(path)) return true
    if (companionEnding.test(path) && stems.has(withoutEnding(path))) return true
    addLeftOut(leftOut, foreignImageEnding.test(path) ? 'foreignImage' : 'noImage', path)
    return false
  })
  return { files, hasImages: true, leftOut }
}

const withoutEnding = (path: string) => path.slice(0, path.length - extname(path).length)

/** By its ending, or if it has none by its first bytes. */
async function isImage({ path, place, bytes }: FoundFile): Promise<boolean> {
  if (imageEnding.test(path)) return true
  if (extname(path) !== '' || bytes < 12) return false
  const file = await open(place)
  try {
    const { buffer } = await file.read(Buffer.alloc(12), 0, 12, 0)
    return startsLikeImage(buffer)
  } finally {
    await file.close()
  }
}

/** PNG, JPEG, GIF, BMP and WebP, by their first twelve bytes. */
export function startsLikeImage(head: Buffer): boolean {
  const text = head.toString('latin1')
  return (
    text.startsWith('\x89PNG\r\n\x1a\n') ||
    text.startsWith('\xff\xd8\xff') ||
    /^GIF8[79]a/.test(text) ||
    /^BM....\0\0\0\0/s.test(text) ||
    /^RIFF....WEBP/s.test(text)
  )
}

function addLeftOut(leftOut: LeftOut, reason: LeftOutReason, path: string): void {
  leftOut[reason] ??= { count: 0, examples: [] }
  const own = leftOut[reason]
  own.count++
  if (own.examples.length < maxExamples) own.examples.push(path)
}
