// `format.json` at the root of the data folder holds the version of the layout and schemas of all files below.
import { isDamaged, TrainyardError } from '../errors.js'
import type { Store } from './store.js'

export interface DataFormat {
  version: number
  /**
   * The function at key n turns a folder of version n into one of version n + 1. It must be safe to
   * repeat: it runs again after a crash, and two processes that open the folder may both run it.
   */
  migrations: Readonly<Record<number, (store: Store) => Promise<void>>>
}

/** If you change what is on disk, raise the version and add the migration from the previous one. */
const currentFormat: DataFormat = { version: 1, migrations: {} }

interface FormatFile {
  formatVersion: number
  /** Whether the store is a copy that is not complete yet. */
  isCopying?: true
}

/** A server uses a store; `copyStore` makes it the copy of another one, which servers refuse until it is complete. */
export type OpenFor = 'use' | 'copy'

export const formatKey = 'format.json'
/** People and other tools read and write this file. */
const plain = { checksum: false }
const contentFolders = ['datasets', 'jobs', 'models', 'weights', 'webhooks']

interface FormatOptions {
  format?: DataFormat
  openFor?: OpenFor | undefined
}

/**
 * Writes the version into a new folder, and migrates a folder of an older version. Throws
 * DATA_FOLDER_FORMAT if this code cannot use the folder.
 */
export async function ensureFormatVersion(
  store: Store,
  root: string,
  { format = currentFormat, openFor = 'use' }: FormatOptions = {},
): Promise<void> {
  const { version, migrations } = format
  const file =
    (await readFormat(store, root)) ?? (await initialize(store, root, { version, openFor }))
  if (file.isCopying && openFor === 'use')
    throw formatError(
      `${placeOf(root)} is a copy that is not complete: run \`trainyard store copy\` again, or ${otherPlace(root)}`,
    )
  if (!file.isCopying && openFor === 'copy')
    throw formatError(`${placeOf(root)} is in use already: name a new place for the copy`)
  const found = file.formatVersion
  const problem = `${placeOf(root)} has format version ${found}, this Trainyard knows version ${version}`
  if (found > version)
    throw formatError(`${problem}: install a newer Trainyard, or ${otherPlace(root)}`)
  for (let step = found; step < version; step++) {
    if (migrations[step]) continue
    throw formatError(
      `${problem} and cannot migrate it: install an older Trainyard, or ${otherPlace(root)}`,
    )
  }
  for (let step = found; step < version; step++) {
    await migrations[step]!(store)
    await store.replaceJson<FormatFile>(formatKey, { formatVersion: step + 1 }, plain)
  }
}

/** Ends a copy: servers may use it from now on. */
export const completeCopy = (
  store: Store,
  { version }: DataFormat = currentFormat,
): Promise<void> => store.replaceJson<FormatFile>(formatKey, { formatVersion: version }, plain)

/** Creates `format.json` in a new folder, and returns what is in it then. */
async function initialize(
  store: Store,
  root: string,
  { version, openFor }: { version: number; openFor: OpenFor },
): Promise<FormatFile> {
  await assertEmpty(store, root)
  const file: FormatFile = {
    formatVersion: version,
    ...(openFor === 'copy' && { isCopying: true }),
  }
  if (await store.createJson<FormatFile>(formatKey, file, plain)) return file
  // Another process created the file first, so its version counts.
  const created = await readFormat(store, root)
  if (created === null) throw damagedError(root)
  return created
}

/** Returns null if there is no `format.json`, or if it holds `null`. */
async function readFormat(store: Store, root: string): Promise<FormatFile | null> {
  const file = await store.readJson<unknown>(formatKey).catch((error: unknown) => {
    throw isDamaged(error) ? damagedError(root, error) : error
  })
  if (file === null) return null
  const { formatVersion, isCopying } = file as Partial<FormatFile>
  if (Number.isSafeInteger(formatVersion) && formatVersion! >= 1)
    return { formatVersion: formatVersion!, ...(isCopying === true && { isCopying }) }
  throw damagedError(root)
}

/** Throws if a folder without `format.json` holds anything that a Trainyard has stored. */
async function assertEmpty(store: Store, root: string): Promise<void> {
  const contents = await Promise.all(contentFolders.map(folder => store.list(folder)))
  const used = contentFolders.filter((_, i) => contents[i]!.length > 0)
  if (used.length === 0) return
  // Another process may have created format.json, and then content, after the first read.
  if ((await readFormat(store, root)) !== null) return
  throw formatError(
    `${placeOf(root)} has ${used.join(', ')} but no ${formatKey}: a Trainyard from before format versions wrote it, and this one cannot read it; ${otherPlace(root)}, such as an empty one`,
  )
}

const isBucket = (root: string) => root.startsWith('s3://')
const placeOf = (root: string) => `the ${isBucket(root) ? 'store' : 'data folder'} ${root}`
const otherPlace = (root: string) =>
  isBucket(root) ? 'set TRAINYARD_STORE to another prefix' : 'set TRAINYARD_DATA to another folder'

const damagedError = (root: string, cause?: unknown) =>
  formatError(
    `${formatKey} in ${placeOf(root)} is damaged, expected {"formatVersion": <number>}: restore it from a backup, or ${otherPlace(root)}`,
    cause,
  )

const formatError = (message: string, cause?: unknown) =>
  new TrainyardError('DATA_FOLDER_FORMAT', message, { cause })
