/** A file to send, with the folders that it was chosen or dropped with: they may name its class. */
export interface ChosenFile {
  path: string
  file: File
}

export interface Choice {
  files: readonly ChosenFile[]
  /** Files of the system and hidden ones, which no data set needs. */
  leftOut: number
}

/**
 * All files of what was dropped, with those of its folders. `onCount` is told how many were found yet: a large
 * folder takes seconds. Must be called in the event, after which the browser forgets what was dropped.
 */
export async function filesOfDrop(
  items: DataTransferItemList,
  onCount: (count: number) => void,
): Promise<Choice> {
  const dropped = [...items].filter(({ kind }) => kind === 'file')
  // what has no entry, such as an image of another page, is a single file
  const entries = dropped.map(item => item.webkitGetAsEntry() ?? item.getAsFile())
  const found: ChosenFile[] = []
  for (const entry of entries) {
    if (entry instanceof File) found.push({ path: entry.name, file: entry })
    else if (entry) await collect(entry, '', found, onCount)
  }
  return withoutSystemFiles(found)
}

export const filesOfInput = (files: FileList): Choice =>
  withoutSystemFiles([...files].map(file => ({ path: file.webkitRelativePath || file.name, file })))

async function collect(
  entry: FileSystemEntry,
  folder: string,
  found: ChosenFile[],
  onCount: (count: number) => void,
): Promise<void> {
  const path = folder + entry.name
  if (entry.isFile) {
    found.push({ path, file: await fileOf(entry as FileSystemFileEntry) })
    onCount(found.length)
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    // a browser gives 100 at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return
    const files = some.filter(each => each.isFile) as FileSystemFileEntry[]
    const read = await Promise.all(files.map(fileOf))
    found.push(...read.map(file => ({ path: `${path}/${file.name}`, file })))
    onCount(found.length)
    for (const each of some) {
      if (each.isDirectory) await collect(each, `${path}/`, found, onCount)
    }
  }
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject))

const systemName = /^(\..*|__MACOSX|Thumbs\.db|desktop\.ini|@eaDir)$/i

function withoutSystemFiles(all: readonly ChosenFile[]): Choice {
  const files = all.filter(({ path }) => !path.split('/').some(part => systemName.test(part)))
  // their order is that of the archive, which must be the same if the same files are chosen again
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { files, leftOut: all.length - files.length }
}

const imageEnding = /\.(jpe?g|png|webp|gif|bmp|tfrecords?|idx\d?-ubyte(\.gz)?|bin)$/i
const tableEnding = /\.(csv|tsv|parquet|arrow|feather|jsonl|ndjson|json|xlsx|ods)(\.(gz|zst))?$/i

/** What the names of the files say that they will become; null if that is not certain. */
export function guessKind(files: readonly ChosenFile[]): 'images' | 'table' | null {
  if (files.some(({ path }) => imageEnding.test(path))) return 'images'
  if (files.length > 0 && files.every(({ path }) => tableEnding.test(path))) return 'table'
  return null
}

/** A name for the data set: that of the folder or the file, in the characters that names may have. */
export function suggestName(files: readonly ChosenFile[]): string {
  const [first] = files
  if (!first) return ''
  const top = first.path.split('/')[0]!
  const stem = first.path.includes('/') ? top : top.replace(/(\.[a-z0-9]{1,8}){1,2}$/i, '')
  return stem
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 63)
}
