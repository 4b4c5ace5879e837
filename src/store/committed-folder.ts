// A committed folder holds files and a manifest.json, which lists them and contains its own checksum.
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { DamagedError } from '../errors.js'
import type { Disk } from './disk.js'
import { sync, writeDurably } from './durable.js'
import {
  openRegularFile,
  parseRecord,
  readRecordText,
  rethrowDamage,
  serializeRecord,
} from './record-file.js'
import { type Shape, shapeOf } from './shape.js'
import { errorCode } from './storage-errors.js'
import type { CommittedFolder, FileEntry } from './store.js'
import { isKeySegment } from './store-key.js'

export const manifestName = 'manifest.json'

/** The names of all files of a committed folder, the manifest included. */
export const manifestFiles = ({ files }: { files: readonly FileEntry[] }): string[] => [
  manifestName,
  ...files.map(({ name }) => name),
]

/** Flushes every file below `folder`, writes the manifest, and then flushes the folders. */
export async function writeManifest(disk: Disk, folder: string, manifest: object): Promise<void> {
  const { names, folders } = await listTree(folder)
  if (names.includes(manifestName)) throw new Error(`${folder} already has a ${manifestName}`)
  const files: FileEntry[] = []
  for (const name of names) files.push(await hashFile(folder, name, disk))
  await writeDurably(disk, join(folder, manifestName), serializeRecord({ ...manifest, files }))
  for (const subfolder of folders.reverse()) await sync(disk, join(folder, subfolder))
}

/**
 * Reads the manifest of the folder at `path`. Returns null if there is none. Throws a DamagedError if it does
 * not match its checksum or has another shape. `key` is the folder's name in the error.
 */
export async function readManifestFile<T>(
  path: string,
  key: string,
  shape?: Shape<T>,
): Promise<CommittedFolder<T> | null> {
  const text = await readRecordText(join(path, manifestName), `${key}/${manifestName}`)
  return text === null ? null : parseManifest(text, key, shape)
}

function parseManifest<T>(text: string, key: string, shape?: Shape<T>): CommittedFolder<T> {
  const file = `${key}/${manifestName}`
  const { files, ...manifest } = parseRecord(text, file, { shape: listsFiles, hasChecksum: true })
  const problem = shape?.problem(manifest) ?? null
  if (problem !== null) throw new DamagedError(file, `has unexpected content: ${problem}`)
  return { manifest: manifest as T, files }
}

/** Names of files stay below the folder, so that no manifest leads elsewhere. */
export const fileEntryFields = {
  name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$' }),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
}
const listsFiles = shapeOf<{ files: FileEntry[] }>(
  Type.Object({ files: Type.Array(Type.Object(fileEntryFields)) }),
)

/** Throws a DamagedError unless the files match the sizes and checksums in the manifest. */
export async function assertFilesIntact(
  path: string,
  key: string,
  files: readonly FileEntry[],
): Promise<void> {
  for (const { name, bytes, sha256 } of files) {
    const file = `${key}/${name}`
    const actual = await hashFile(path, name, null, file).catch(error =>
      errorCode(error) === 'ENOENT' ? null : rethrowDamage(file, error),
    )
    if (!actual) throw new DamagedError(file, 'is missing')
    if (actual.bytes !== bytes)
      throw new DamagedError(file, `has ${actual.bytes} bytes instead of ${bytes}`)
    if (actual.sha256 !== sha256) throw new DamagedError(file, 'does not match its checksum')
  }
}

/** If `disk` is given, also flushes the file. */
async function hashFile(
  folder: string,
  name: string,
  disk: Disk | null,
  key = name,
): Promise<FileEntry> {
  const handle = await openRegularFile(join(folder, name), key)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of handle.createReadStream({
      autoClose: false,
      highWaterMark: 1 << 20,
    })) {
      hash.update(chunk)
      bytes += chunk.length
    }
    await disk?.sync(handle)
    return { name, bytes, sha256: hash.digest('hex') }
  } finally {
    await handle.close()
  }
}

/** Paths relative to `folder`, sorted. A folder comes before the folders that it contains. */
async function listTree(
  folder: string,
  subfolder = '',
): Promise<{ names: string[]; folders: string[] }> {
  const names: string[] = []
  const folders = [subfolder]
  const entries = await readdir(join(folder, subfolder), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = subfolder ? `${subfolder}/${entry.name}` : entry.name
    if (!isKeySegment(entry.name))
      throw new Error(`${path} cannot be committed: its name is not allowed`)
    if (entry.isFile()) names.push(path)
    else if (entry.isDirectory()) {
      const nested = await listTree(folder, path)
      names.push(...nested.names)
      folders.push(...nested.folders)
    } else throw new Error(`${path} cannot be committed: it is neither file nor folder`)
  }
  return { names, folders }
}
