import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { DamagedError } from '../../errors.js'
import { tarOf } from '../../formats/tar.js'
import type { ImagesManifest, Shard } from '../../spec/dataset.js'
import type { StoredDataset } from '../stored/stored-dataset.js'

/** A tar with one folder: the shards as they are, and `dataset.json`, which describes them. */
export function tfrecordTar(dataset: StoredDataset<ImagesManifest>): AsyncIterable<Uint8Array> {
  const { manifest } = dataset
  const { shards, index } = manifest
  const description = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
  return tarOf(manifest.id, [
    { name: 'dataset.json', content: description },
    ...(index ? [...shards, index] : shards).map(shard => ({
      name: shard.name,
      content: { size: shard.bytes, chunks: intactBytes(dataset, shard) },
    })),
  ])
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
