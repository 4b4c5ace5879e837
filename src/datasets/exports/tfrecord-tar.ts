import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import { DamagedError } from '../../errors.js'
import type { ImagesManifest, Shard } from '../../spec/dataset.js'
import type { StoredDataset } from '../stored/stored-dataset.js'

/** A tar with one folder: the shards as they are, and `dataset.json`, which describes them. */
export function tfrecordTar(dataset: StoredDataset<ImagesManifest>): AsyncIterable<Uint8Array> {
  const tar = pack()
  writeEntries(tar, dataset).then(
    () => tar.finalize(),
    error => tar.destroy(error),
  )
  return tar as AsyncIterable<Uint8Array>
}

async function writeEntries(tar: Pack, dataset: StoredDataset<ImagesManifest>): Promise<void> {
  const { manifest } = dataset
  const root = manifest.id
  // the same content has the same bytes
  const mtime = new Date(0)
  const description = `${JSON.stringify(manifest, null, 2)}\n`
  tar.entry({ name: `${root}/dataset.json`, mtime }, description)
  const { shards, index } = manifest
  for (const shard of index ? [...shards, index] : shards) {
    const { name, bytes: size } = shard
    const entry = tar.entry({ name: `${root}/${name}`, size, mtime })
    await pipeline(intactBytes(dataset, shard), entry)
  }
}

/** The bytes of a shard. Throws a DamagedError after the last one, or the first that is too many, if they are others. */
async function* intactBytes(
  { folder, key }: StoredDataset,
  { name, bytes, sha256 }: Shard,
): AsyncGenerator<Buffer> {
  const file = `${key}/${name}`
  const hash = createHash('sha256')
  let read = 0
  for await (const chunk of createReadStream(join(folder, name), { highWaterMark: 1 << 18 })) {
    read += chunk.length
    if (read > bytes) break
    hash.update(chunk)
    yield chunk
  }
  if (read !== bytes) throw new DamagedError(file, `has other than its ${bytes} bytes`)
  if (hash.digest('hex') !== sha256) throw new DamagedError(file, 'does not match its checksum')
}
