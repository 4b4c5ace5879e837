import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Bucket } from '../../src/store/s3/bucket.js'
import { sweepLeftovers, unfinishedUploads } from '../../src/store/s3/leftovers.js'
import { Removals } from '../../src/store/s3/removals.js'
import { filesFolder, filesPrefix } from '../../src/store/s3/stored-manifest.js'
import type { Store } from '../../src/store/store.js'
import { bucketCopiesFolder, storeFolders, uncopiedFolders } from '../../src/store/store-key.js'
import type { ChaosBucket } from '../chaos-bucket.js'
import type { Verdict } from '../checker.js'
import type { ChaosDeployment } from '../deployment.js'

const sweptAfterMs = 2 * 24 * 3600_000
const roots = new Set([...storeFolders, ...uncopiedFolders])
/** Beside the folders of records: each is one object, which is replaced. */
const ownKeys = new Set(['format.json', '.alive', '.swept'])

/**
 * Checks, after the server has stopped, that no log is only on its disk (`store` is that of another host), and that the sweeps of the next days leave
 * nothing in the bucket but records, and the files that manifests name.
 */
export async function checkBucket(
  { folder }: ChaosDeployment,
  chaosBucket: ChaosBucket,
  store: Store,
  log: (line: string) => void,
  verdict: Verdict,
): Promise<void> {
  await checkLogs(folder, store, verdict)
  const bucket = chaosBucket.open()
  const before = await keysOf(bucket)
  await new Removals(bucket).resume(0)
  await sweepLeftovers(bucket, Date.now() + sweptAfterMs)
  const keys = await keysOf(bucket)
  log(`${before.length} objects, of which the sweeps removed ${before.length - keys.length}`)
  const uploads = await uploadsOf(bucket, keys)
  for (const key of keys) {
    const [root] = key.split('/')
    const isNamed =
      root === filesFolder
        ? uploads.some(prefix => key.startsWith(prefix))
        : roots.has(root!) || ownKeys.has(key)
    if (!isNamed) verdict.add('leaked', `in the bucket: ${key}`)
  }
  for (const key of await unfinishedUploads(bucket))
    verdict.add('leaked', `in the bucket: parts of ${key}`)
  bucket.close()
}

/** What a log has on the disk of a server that has stopped is in the bucket, too. */
async function checkLogs(folder: string, store: Store, verdict: Verdict): Promise<void> {
  const logs = join(bucketCopiesFolder(folder), 'logs')
  const entries = await readdir(logs, { withFileTypes: true, recursive: true }).catch(() => [])
  for (const entry of entries.filter(each => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const key = relative(logs, path)
    const [local, stored] = [await readFile(path), await store.readFrom(key, 0)]
    if (local.equals(stored)) continue
    verdict.add(
      'leaked',
      `${key} has ${local.length} bytes, of which the bucket has ${stored.length}`,
    )
  }
}

async function keysOf(bucket: Bucket): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of bucket.list('')) keys.push(key)
  return keys
}

/** The prefixes of the files that manifests name. */
async function uploadsOf(bucket: Bucket, keys: readonly string[]): Promise<string[]> {
  const prefixes: string[] = []
  for (const key of keys.filter(each => each.endsWith('/manifest.json'))) {
    const found = await bucket.get(key)
    const { upload } = JSON.parse(found?.body.toString('utf8') ?? '{}')
    if (upload) prefixes.push(filesPrefix(dirname(key), upload))
  }
  return prefixes
}
