// Copies the record of jobs, data sets and models between a folder and a bucket.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { nullIfDamaged, TrainyardError } from '../errors.js'
import { disk } from './disk.js'
import { completeCopy } from './format-version.js'
import { shareIntoStaging } from './staging.js'
import type { CommittedFolder, Store, StoreEntry } from './store.js'

export interface CopyReport {
  folders: number
  files: number
  /** Of all that the copy has. */
  bytes: number
  /** Folders and files that an earlier call had copied. */
  known: number
}

const blockBytes = 4 * 2 ** 20

/** Files that grow by appends, of which a bucket has parts: logs of attempts, and events for TensorBoard. */
const isLog = (key: string): boolean =>
  /^jobs\/[^/]+\/(attempts\/[^/]+\/[^/]+\.ndjson|events\.out\.tfevents\.[^/]+)$/.test(key)

/**
 * Copies all that `from` has to `to`, which was opened for a copy. Compares each thing with the original afterwards.
 * What an earlier call has copied is only compared, so a call goes on where another one was interrupted. No server may
 * use either store. Throws a DamagedError for an original that is damaged, and COPY_DIFFERS if the copy differs.
 */
export async function copyStore(
  from: Store,
  to: Store,
  onCopied: (entry: StoreEntry, report: CopyReport) => void = () => {},
): Promise<CopyReport> {
  const report: CopyReport = { folders: 0, files: 0, bytes: 0, known: 0 }
  for await (const entry of from.entries()) {
    const { key, kind } = entry
    const { bytes, isKnown } = await (kind === 'folder' ? copyFolder : copyFile)(from, to, key)
    report[kind === 'folder' ? 'folders' : 'files']++
    report.bytes += bytes
    if (isKnown) report.known++
    onCopied(entry, report)
  }
  await completeCopy(to)
  return report
}

interface Copied {
  bytes: number
  isKnown: boolean
}

async function copyFolder(from: Store, to: Store, key: string): Promise<Copied> {
  await from.assertIntact(key)
  const original = (await from.readManifest<object>(key))!
  const isEqual = async () =>
    isDeepStrictEqual(await to.readManifest(key), original) && (await to.verify(key))
  // what is damaged is replaced
  const isKnown = (await isEqual().catch(nullIfDamaged)) ?? false
  if (!isKnown) {
    await commitCopy(await from.folder(key), to, key, original)
    if (!(await isEqual())) throw differs(key)
  }
  return { bytes: original.files.reduce((sum, { bytes }) => sum + bytes, 0), isKnown }
}

async function commitCopy(
  folder: string,
  to: Store,
  key: string,
  { manifest, files }: CommittedFolder<object>,
): Promise<void> {
  const staged = await to.stage()
  try {
    for (const { name } of files) {
      await shareIntoStaging(disk, join(folder, name), join(staged, name))
    }
    await to.commit(staged, key, manifest)
  } catch (error) {
    await to.discard(staged).catch(() => {})
    throw error
  }
}

async function copyFile(from: Store, to: Store, key: string): Promise<Copied> {
  return isLog(key) ? copyLog(from, to, key) : copyText(from, to, key)
}

async function copyText(from: Store, to: Store, key: string): Promise<Copied> {
  const original = await from.readFrom(key, 0)
  const isEqual = async () => (await to.readFrom(key, 0)).equals(original)
  // an empty file, by which an attempt claims its number, cannot be told from one that is missing
  const isKnown = original.length > 0 && (await isEqual())
  if (!isKnown) {
    await to.replaceText(key, original.toString('utf8'))
    if (!(await isEqual())) throw differs(key)
  }
  return { bytes: original.length, isKnown }
}

/** Logs may be too large for the memory. */
async function copyLog(from: Store, to: Store, key: string): Promise<Copied> {
  const bytes = await from.size(key)
  const original = await hashOf(from, key)
  const isEqual = async () => (await hashOf(to, key)) === original
  const isKnown = (await to.size(key)) === bytes && (await isEqual())
  if (!isKnown) {
    await to.remove(key)
    for await (const block of blocksOf(from, key)) await to.append(key, block)
    await to.sync(key)
    await to.closeLogs(key)
    if (!(await isEqual())) throw differs(key)
  }
  return { bytes, isKnown }
}

async function hashOf(store: Store, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const block of blocksOf(store, key)) hash.update(block)
  return hash.digest('hex')
}

async function* blocksOf(store: Store, key: string): AsyncGenerator<Buffer> {
  for (let offset = 0; ; ) {
    const block = await store.readFrom(key, offset, blockBytes)
    if (block.length === 0) return
    yield block
    offset += block.length
  }
}

const differs = (key: string) =>
  new TrainyardError(
    'COPY_DIFFERS',
    `the copy of ${key} is not as the original: copy to a new place, while no server uses either`,
  )
