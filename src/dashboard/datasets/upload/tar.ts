import { tarEnd, tarHead, tarPadding } from '../../../client/tar-header.js'
import type { ChosenFile } from './chosen-files.js'

/** Files that are put into the tar before the page does other things. */
const filesAtOnce = 250

/**
 * Files as one tar, so that a folder with its many files is one upload that can go on after a break. The tar takes no
 * memory: it consists of headers and of the files on the user's disk, which are read while they are sent. `onCount` is
 * told how many files are in it: to refer to thousands of files takes the browser seconds.
 */
export async function tarOf(
  files: readonly ChosenFile[],
  onCount: (count: number) => void,
): Promise<Blob> {
  const parts: Blob[] = []
  for (let from = 0; from < files.length; from += filesAtOnce) {
    const some = files.slice(from, from + filesAtOnce)
    parts.push(
      new Blob(
        some.flatMap(({ path, file }) => [tarHead(path, file.size), file, tarPadding(file.size)]),
      ),
    )
    onCount(from + some.length)
    await new Promise(resolve => setTimeout(resolve))
  }
  return new Blob([...parts, tarEnd()], { type: 'application/x-tar' })
}
