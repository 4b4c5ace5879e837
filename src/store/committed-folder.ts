// A committed folder holds files and a manifest.json, which lists them and contains its own checksum.
import { createHash } from 'node:crypto'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk } from './disk.js'
import { sync, writeDurably } from './durable.js'
import { ignoreCodes } from './storage-errors.js'
import type { CommittedFolder, FileEntry } from './store.js'
import { isKeySegment } from './store-key.js'

export const manifestName = 'manifest.json'

/** `checksum` is the SHA-256, in hex, of all other fields serialized as one line of JSON. */
export type ManifestFile<T> = T & { files: FileEntry[]; checksum: string }

export function splitManifest<T>(file: ManifestFile<T>): CommittedFolder<T> {
  const { files, checksum: _checksum, ...manifest } = file
  return { manifest: manifest as T, files }
}

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
  await writeDurably(disk, join(folder, manifestName), serializeManifest({ ...manifest, files }))
  for (const subfolder of folders.reverse()) await sync(disk, join(folder, subfolder))
}

/** Whether the manifest and every file that it lists match their checksums. */
export async function verifyFolder(folder: string): Promise<boolean> {
  const manifest = await readIntactManifest(folder).catch(ignoreCodes(null, ...damageCodes))
  if (!manifest) return false
  for (const entry of manifest.files) {
    const actual = await hashFile(folder, entry.name, null).catch(ignoreCodes(null, ...damageCodes))
    if (actual?.bytes !== entry.bytes || actual.sha256 !== entry.sha256) return false
  }
  return true
}

/** Returns null if there is no manifest, or if it does not match its checksum. */
export async function readIntactManifest(folder: string): Promise<ManifestFile<object> | null> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch(
    ignoreCodes(null, 'ENOENT', 'ENOTDIR'),
  )
  return text === null ? null : parseManifest(text)
}

/** System errors that mean that a file is missing or unreadable. */
const damageCodes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO']

function serializeManifest(manifest: object): string {
  const checksum = createHash('sha256').update(JSON.stringify(manifest)).digest('hex')
  return `${JSON.stringify({ ...manifest, checksum }, null, 2)}\n`
}

function parseManifest(text: string): ManifestFile<object> | null {
  try {
    const { checksum, ...manifest } = JSON.parse(text)
    return serializeManifest(manifest) === text ? { ...manifest, checksum } : null
  } catch {
    return null // the damage broke the JSON syntax
  }
}

/** If `disk` is given, also flushes the file. */
async function hashFile(folder: string, name: string, disk: Disk | null): Promise<FileEntry> {
  const handle = await open(join(folder, name), 'r')
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
