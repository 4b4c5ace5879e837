// The manifest.json of a committed folder in a bucket. It has what that on a disk has, and where the files are: below
// a prefix that only their upload has, so that two uploads to one key never mix.
import { Type } from 'typebox'
import { DamagedError } from '../../errors.js'
import { fileEntryFields, manifestName } from '../committed-folder.js'
import { parseRecord, serializeRecord } from '../record-file.js'
import { type Shape, shapeOf } from '../shape.js'
import type { CommittedFolder, FileEntry } from '../store.js'

export interface StoredFile extends FileEntry {
  /** What the store calls this content. An object that was replaced has another. */
  etag: string
}

export interface StoredManifest {
  manifest: object
  files: StoredFile[]
  upload: string
}

const storedShape = shapeOf<{ files: StoredFile[]; upload: string }>(
  Type.Object({
    upload: Type.String({ pattern: '^[0-9a-z-]{36,60}$' }),
    files: Type.Array(Type.Object({ ...fileEntryFields, etag: Type.String() })),
  }),
)

export const manifestKey = (key: string): string => `${key}/${manifestName}`

/** Where the files of an upload are. The name begins with a dot, so no key leads there. */
export const filesFolder = '.files'
export const filesPrefix = (key: string, upload?: string): string =>
  upload === undefined ? `${filesFolder}/${key}/` : `${filesFolder}/${key}/${upload}/`

export const serializeManifest = ({ manifest, files, upload }: StoredManifest): string =>
  serializeRecord({ ...manifest, files, upload })

/** Throws a DamagedError if the text is damaged. */
export function parseStoredManifest(text: string, key: string): StoredManifest {
  const options = { shape: storedShape, hasChecksum: true }
  const { files, upload, ...manifest } = parseRecord(text, manifestKey(key), options)
  return { manifest, files, upload }
}

const entriesOf = (files: readonly StoredFile[]): FileEntry[] =>
  files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }))

/** The same as a caller knows it. Throws a DamagedError if it has another shape. */
export function toCommitted<T>(
  { manifest, files }: StoredManifest,
  key: string,
  shape?: Shape<T>,
): CommittedFolder<T> {
  const problem = shape?.problem(manifest) ?? null
  if (problem !== null)
    throw new DamagedError(manifestKey(key), `has unexpected content: ${problem}`)
  return {
    manifest: manifest as T,
    files: entriesOf(files),
  }
}

/** The text of manifest.json on a disk. */
export const localManifest = ({ manifest, files }: StoredManifest): string =>
  serializeRecord({
    ...manifest,
    files: entriesOf(files),
  })
