import { tarEnd, tarHead, tarPadding } from '../../../client/tar-header.js'
import type { ChosenFile } from './chosen-files.js'

/**
 * Files as one tar, so that a folder with its many files is one upload that can go on after a break. The tar takes no
 * memory: it consists of headers and of the files on the user's disk, which are read while they are sent.
 */
export function tarOf(files: readonly ChosenFile[]): Blob {
  const parts: BlobPart[] = []
  for (const { path, file } of files) {
    parts.push(tarHead(path, file.size), file, tarPadding(file.size))
  }
  parts.push(tarEnd())
  return new Blob(parts, { type: 'application/x-tar' })
}
