import { readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { unreadable } from '../../client/local/content.js'
import { findFiles, startsLikeImage } from '../../client/local/found-files.js'
import { formatBytes } from '../../presentation/units.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'

/** What a file has, by its ending or else by its first bytes. */
export type InputKind = 'image' | 'csv' | 'json' | 'jsonLines' | 'parquet' | 'arrow'

export interface InputFile {
  /** As the user named it. */
  name: string
  kind: InputKind
  content: Buffer
}

const kindsByEnding: Readonly<Record<string, InputKind>> = {
  csv: 'csv',
  json: 'json',
  jsonl: 'jsonLines',
  ndjson: 'jsonLines',
  parquet: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  ...Object.fromEntries(
    ['png', 'jpg', 'jpeg', 'jpe', 'jfif', 'webp', 'gif', 'bmp'].map(each => [each, 'image']),
  ),
}

/** The media type of each kind; `arrow` is a file or a stream. */
export function mediaTypeOf({ kind, content }: InputFile): string {
  switch (kind) {
    case 'image':
      return 'application/octet-stream'
    case 'csv':
      return 'text/csv'
    case 'parquet':
      return 'application/vnd.apache.parquet'
    case 'arrow':
      return content.toString('latin1', 0, 6) === 'ARROW1'
        ? 'application/vnd.apache.arrow.file'
        : 'application/vnd.apache.arrow.stream'
    case 'json':
    case 'jsonLines':
      return 'application/json'
  }
}

/** Names of the files, those of folders included, in the order of the arguments. `-` is stdin. */
export async function listInputs(cli: Cli, names: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for (const name of names) {
    if (name === '-' || !(await isFolder(name))) {
      all.push(name)
      continue
    }
    const { files } = await findFiles(name, () => {}, cli.interrupted)
    if (files.length === 0) throw usageError(`'${name}' has no file to predict from`)
    all.push(...files.map(({ path }) => join(name, path)))
  }
  if (all.filter(name => name === '-').length > 1) throw usageError('`-` (stdin) can be read once')
  return all
}

async function isFolder(name: string): Promise<boolean> {
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw usageError(`there is no file '${name}'`)
    throw unreadable(name, error)
  })
  return found.isDirectory()
}

export async function readInput(name: string): Promise<InputFile> {
  if (name !== '-') await assertReadable(name)
  const content =
    name === '-'
      ? await readStdin()
      : await readFile(name).catch(error => Promise.reject(unreadable(name, error)))
  if (content.length === 0) throw usageError(`${name === '-' ? 'stdin' : name} is empty`)
  return { name, kind: kindOf(name, content), content }
}

/** What is larger does not fit into a text, and is work for a job. */
const maxFileBytes = 256 * 2 ** 20

async function assertReadable(name: string): Promise<void> {
  const { size } = await stat(name).catch(error => Promise.reject(unreadable(name, error)))
  if (size <= maxFileBytes) return
  throw usageError(
    `${name} has ${formatBytes(size)}, and predict takes ${formatBytes(maxFileBytes)}; push it as a data set, and let a job predict all of it (docs/batch-prediction.md)`,
  )
}

export function kindOf(name: string, content: Buffer): InputKind {
  const byEnding = kindsByEnding[extname(basename(name)).slice(1).toLowerCase()]
  if (byEnding) return byEnding
  if (startsLikeImage(content)) return 'image'
  const head = content.toString('latin1', 0, 6)
  if (head.startsWith('PAR1')) return 'parquet'
  if (head === 'ARROW1' || head.startsWith('\xff\xff\xff\xff')) return 'arrow'
  const start = content.toString('utf8', 0, 4096).trimStart()
  if (start.startsWith('[')) return 'json'
  if (start.startsWith('{')) return isOneValue(content) ? 'json' : 'jsonLines'
  return 'csv'
}

function isOneValue(content: Buffer): boolean {
  try {
    JSON.parse(content.toString())
    return true
  } catch {
    return false
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
