// What only Node has: the files of this machine. Browsers have `File`.
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { fileContent, folderContents, type LocalContent, unreadable } from './local/content.js'
import { findFiles, type LeftOut } from './local/found-files.js'
import { LocalFileError } from './local/local-file-error.js'

export type { LocalContent } from './local/content.js'
export type { LeftOut } from './local/found-files.js'
export { LocalFileError } from './local/local-file-error.js'

/** A file to upload. It is read while it is sent. */
export async function openFile(path: string): Promise<LocalContent> {
  const { size, mtimeMs } = await found(path)
  return fileContent({ path: basename(path), place: resolve(path), bytes: size, mtimeMs })
}

export interface OpenFolderOptions {
  signal?: AbortSignal | undefined
  /** Files that are not sent, such as hidden ones: how many, and some of them. */
  onLeftOut?: ((leftOut: LeftOut) => void) | undefined
}

/**
 * The files of a folder to upload, for example images in a folder for each class: one tar that is made while it is
 * sent, and beside it the archives that the folder has.
 */
export async function openFolder(
  path: string,
  { signal, onLeftOut }: OpenFolderOptions = {},
): Promise<LocalContent[]> {
  if (!(await found(path)).isDirectory()) throw new LocalFileError(path, `${path} is no folder`)
  const never = new AbortController().signal
  const { files, leftOut } = await findFiles(path, () => {}, signal ?? never)
  if (files.length === 0) {
    throw new LocalFileError(path, `${path} has no file that can become a data set`)
  }
  onLeftOut?.(leftOut)
  return folderContents(basename(resolve(path)) || 'files', files)
}

async function found(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}
