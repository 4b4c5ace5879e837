// What processes left in the bucket that died: files without a manifest, parts of files, and keys of probes.
import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
import { probesFolder } from './probe.js'
import { filesFolder, manifestKey, parseStoredManifest } from './stored-manifest.js'

/** No upload takes a day. */
const staleMs = 24 * 3600_000
/** The time of the last sweep of any process. */
const sweptKey = '.swept'

/** Once a day, for all processes together: it lists all files of the bucket. */
export async function sweepLeftovers(bucket: Bucket, now = Date.now()): Promise<void> {
  const last = await bucket.get(sweptKey)
  if (last !== null && now - Number(last.body.toString()) < staleMs) return
  await bucket.put(sweptKey, String(now))
  await sweepFiles(bucket, now)
  await sweepParts(bucket, now)
  await sweepProbes(bucket, now)
}

async function sweepFiles(bucket: Bucket, now: number): Promise<void> {
  let folder = { path: '', keys: [] as string[], newest: 0 }
  const end = async () => {
    const [, key, upload] = new RegExp(`^${filesFolder}/(.+)/([^/]+)$`).exec(folder.path) ?? []
    if (key === undefined || now - folder.newest < staleMs) return
    if ((await uploadAt(bucket, key)) !== upload) await bucket.delete(folder.keys)
  }
  for await (const { key, modifiedAt } of bucket.list(`${filesFolder}/`)) {
    // an upload's name begins with its time and is a UUID, unlike the names of files in it
    const path = /^(.+?\/[0-9a-z]{8,9}-[0-9a-f]{8}-[0-9a-f-]{27})\//.exec(key)?.[1] ?? key
    if (path !== folder.path) {
      await end()
      folder = { path, keys: [], newest: 0 }
    }
    folder.keys.push(key)
    folder.newest = Math.max(folder.newest, modifiedAt)
  }
  await end()
}

/** The upload that the manifest of a key names; null if there is none. A damaged manifest throws, and its files stay. */
async function uploadAt(bucket: Bucket, key: string): Promise<string | null> {
  const found = await bucket.get(manifestKey(key))
  if (found === null) return null
  return parseStoredManifest(found.body.toString('utf8'), key).upload
}

/** The keys of objects whose parts are stored without the whole. */
export async function unfinishedUploads(bucket: Bucket): Promise<string[]> {
  return (await listParts(bucket)).map(({ Key = '' }) => Key)
}

async function listParts(bucket: Bucket) {
  const { client, name: Bucket } = bucket
  const Prefix = bucket.objectKey(`${filesFolder}/`)
  const { Uploads = [] } = await bucket.retry(filesFolder, () =>
    client.send(new ListMultipartUploadsCommand({ Bucket, Prefix })),
  )
  return Uploads
}

async function sweepParts(bucket: Bucket, now: number): Promise<void> {
  const { client, name: Bucket } = bucket
  for (const { Key, UploadId, Initiated } of await listParts(bucket)) {
    if (now - (Initiated?.getTime() ?? now) < staleMs) continue
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => {})
  }
}

async function sweepProbes(bucket: Bucket, now: number): Promise<void> {
  const stale: string[] = []
  for await (const { key, modifiedAt } of bucket.list(probesFolder)) {
    if (now - modifiedAt >= staleMs) stale.push(key)
  }
  if (stale.length > 0) await bucket.delete(stale)
}
