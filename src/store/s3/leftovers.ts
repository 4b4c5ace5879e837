// What uploads left in the bucket whose processes died: files without a manifest, and parts of files.
import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.js'
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

async function sweepParts(bucket: Bucket, now: number): Promise<void> {
  const { client, name: Bucket } = bucket
  const Prefix = bucket.objectKey(`${filesFolder}/`)
  const { Uploads = [] } = await bucket.retry(filesFolder, () =>
    client.send(new ListMultipartUploadsCommand({ Bucket, Prefix })),
  )
  for (const { Key, UploadId, Initiated } of Uploads) {
    if (now - (Initiated?.getTime() ?? now) < staleMs) continue
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => {})
  }
}
