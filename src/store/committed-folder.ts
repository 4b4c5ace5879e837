// A committed folder: its files, and a manifest.json that lists them and carries its own checksum.
import { createHash } from 'node:crypto'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk } from './disk.js'
import { sync, writeDurably } from './durable.js'
import { unless } from './storage-errors.js'
import type { FileEntry, Manifest } from './store.js'
import { isName } from './store-key.js'

export const manifestName = 'manifest.json'

/** All its files, by a manifest. */
export const filesIn = ({ files }: { files: readonly FileEntry[] }): string[] => [
  manifestName,
  ...files.map(({ name }) => name),
]

/** Flushes every file and folder below `folder`; the manifest goes in last. */
export async function sealFolder(disk: Disk, folder: string, manifest: object): Promise<void> {
  const { names, folders } = await contents(folder)
  if (names.includes(manifestName)) throw new Error(`${folder} has a ${manifestName} already`)
  const files: FileEntry[] = []
  for (const name of names) files.push(await measure(folder, name, disk))
  await writeDurably(disk, join(folder, manifestName), seal({ ...manifest, files }))
  for (const inner of folders.reverse()) await sync(disk, join(folder, inner))
}

/** Whether every file of the manifest, and the manifest itself, is as it was sealed. */
export async function isWhole(folder: string): Promise<boolean> {
  const manifest = await readManifest(folder).catch(unless(null, ...damage))
  if (!manifest) return false
  for (const entry of manifest.files) {
    const found = await measure(folder, entry.name, null).catch(unless(null, ...damage))
    if (found?.bytes !== entry.bytes || found.sha256 !== entry.sha256) return false
  }
  return true
}

/** null where there is none, or it is not as it was sealed. */
export async function readManifest(folder: string): Promise<Manifest<object> | null> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch(
    unless(null, 'ENOENT', 'ENOTDIR'),
  )
  return text === null ? null : unseal(text)
}

/** What a lost or unreadable file looks like. */
const damage = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO']

function seal(manifest: object): string {
  const checksum = createHash('sha256').update(JSON.stringify(manifest)).digest('hex')
  return `${JSON.stringify({ ...manifest, checksum }, null, 2)}\n`
}

function unseal(text: string): Manifest<object> | null {
  try {
    const { checksum, ...manifest } = JSON.parse(text)
    return seal(manifest) === text ? { ...manifest, checksum } : null
  } catch {
    return null // not JSON any more: damaged
  }
}

/** `disk`: flushed too, by that one. */
async function measure(folder: string, name: string, disk: Disk | null): Promise<FileEntry> {
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

/** Paths relative to `folder`, sorted; an outer folder comes before those in it. */
async function contents(
  folder: string,
  inner = '',
): Promise<{ names: string[]; folders: string[] }> {
  const names: string[] = []
  const folders = [inner]
  const entries = await readdir(join(folder, inner), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = inner ? `${inner}/${entry.name}` : entry.name
    if (!isName(entry.name)) throw new Error(`${path} cannot be committed: not a name`)
    if (entry.isFile()) names.push(path)
    else if (entry.isDirectory()) {
      const below = await contents(folder, path)
      names.push(...below.names)
      folders.push(...below.folders)
    } else throw new Error(`${path} cannot be committed: neither file nor folder`)
  }
  return { names, folders }
}
