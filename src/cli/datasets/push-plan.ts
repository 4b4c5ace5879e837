import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import {
  fileContent,
  folderContents,
  type LocalContent,
  unreadable,
} from '../../client/local/content.js'
import {
  type FolderContent,
  type FoundFile,
  findFiles,
  type LeftOut,
} from '../../client/local/found-files.js'
import type { DatasetSource } from '../../spec/dataset-request.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** What is sent, or what the server fetches. */
export interface PushPlan {
  /** A name for the data set if the user gives none. */
  name: string
  contents: LocalContent[]
  sources: DatasetSource[]
  files: number
  leftOut: LeftOut
}

const isUrl = (text: string) => /^(https?|s3):\/\//.test(text)

/** The order of the arguments is that of the files. */
export async function planPush(
  inputs: readonly string[],
  onCount: (count: number) => void,
  signal: AbortSignal,
): Promise<PushPlan> {
  const urls = inputs.filter(isUrl)
  if (urls.length > 0) {
    if (urls.length === inputs.length) return planFetch(urls)
    const message = 'either all of the files are URLs, or none: the server fetches URLs itself'
    throw new CommandError(message, exitCodes.usage)
  }
  const kinds = await Promise.all(inputs.map(kindOf))
  const [first] = inputs
  if (kinds.every(kind => kind === 'file')) return planFiles(inputs)
  if (inputs.length > 1) {
    const message = `'${inputs[kinds.indexOf('folder')]}' is a folder; push one folder, or files`
    throw new CommandError(message, exitCodes.usage)
  }
  return planFolder(first!, await findFiles(first!, onCount, signal))
}

const planFetch = (urls: readonly string[]): PushPlan => ({
  name: nameFrom(new URL(urls[0]!).pathname),
  contents: [],
  sources: urls.map(url =>
    url.startsWith('s3:') ? { kind: 's3' as const, url } : { kind: 'url' as const, url },
  ),
  files: urls.length,
  leftOut: {},
})

async function planFiles(paths: readonly string[]): Promise<PushPlan> {
  const files = await Promise.all(
    paths.map(async path => {
      const { size, mtimeMs } = await stat(path)
      return { path: basename(path), place: resolve(path), bytes: size, mtimeMs }
    }),
  )
  const contents = files.map(fileContent)
  return { name: nameFrom(paths[0]!), contents, sources: [], files: files.length, leftOut: {} }
}

function planFolder(folder: string, { files, hasImages, leftOut }: FolderContent): PushPlan {
  const root = basename(resolve(folder)) || 'files'
  if (files.length === 0) {
    const message = `'${folder}' has no file that can become a data set`
    throw new CommandError(message, exitCodes.usage)
  }
  if (hasImages) refuseWithoutClasses(folder, files)
  const contents = folderContents(root, files)
  return { name: nameFrom(root), contents, sources: [], files: files.length, leftOut }
}

/** Known before gigabytes are sent: nothing says the class of an image. */
function refuseWithoutClasses(folder: string, files: readonly FoundFile[]): void {
  const isClassed = files.some(({ path }) => path.includes('/') || isLabelFile.test(path))
  if (isClassed) return
  const example = files[0]!.path
  throw new CommandError(
    `nothing says the classes of the ${files.length} images in '${folder}'. Move them into a folder for each class, such as '${folder.replace(/\/+$/, '')}/roses/${example}', or add a labels.csv with the columns file and label`,
    exitCodes.usage,
  )
}

const isLabelFile = /\.(csv|tsv|jsonl|ndjson|cls|json|txt|zip|tar|tgz)$/i

async function kindOf(path: string): Promise<'file' | 'folder'> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw unreadable(path, error)
    throw new CommandError(`there is no file or folder '${path}'`, exitCodes.usage)
  })
  if (found.isDirectory()) return 'folder'
  if (found.isFile()) return 'file'
  throw new CommandError(`'${path}' is no file and no folder`, exitCodes.usage)
}

/** In the characters that names may have. */
export function nameFrom(path: string): string {
  const last = basename(path.replace(/\/+$/, ''))
  const stem = last.replace(/(\.[a-z0-9]{1,8}){1,2}$/i, '') || last
  const name = stem
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 63)
  return name || 'data'
}
