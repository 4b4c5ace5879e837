import { basename, dirname } from 'node:path'
import { manifestName } from '../committed-folder.js'
import { parseRecord } from '../record-file.js'
import type { StoreEntry } from '../store.js'
import type { Bucket } from './bucket.js'
import { isSegmentName } from './log-segments.js'
import type { BucketRecords } from './records.js'

/** What lies below a key of a bucket. */
export async function* bucketEntries(
  bucket: Bucket,
  records: BucketRecords,
  folder: string,
): AsyncGenerator<StoreEntry> {
  const logs = new Set<string>()
  for await (const { key } of bucket.list(`${folder}/`)) {
    if (isSegmentName(basename(key))) logs.add(dirname(key))
    else if (basename(key) === manifestName && (await isCommitted(records, key)))
      yield { kind: 'folder', key: dirname(key) }
    else yield { kind: 'file', key }
  }
  for (const key of logs) yield { kind: 'file', key }
}

/** The manifest of a committed folder names the upload with its files; that of a job is a record. */
async function isCommitted(records: BucketRecords, key: string): Promise<boolean> {
  const manifest = await records.read(key, text => parseRecord<object>(text, key, {}))
  return manifest !== null && 'upload' in manifest
}
