// What `trainyard store copy FROM TO` runs: copies a store between a folder and a bucket.
import { mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../config.js'
import { TrainyardError } from '../errors.js'
import { findHolder } from '../folder-holder.js'
import { parseBucket } from '../setting-values.js'
import { type CopyReport, copyStore } from '../store/copy-store.js'
import { type OpenOptions, openStore } from '../store/open-store.js'
import { bucketCopiesFolder } from '../store/store-key.js'

/** While a long copy runs, a line says how far it is. */
const reportMs = 5000

interface Place {
  text: string
  /** Null for a folder. */
  bucket: { bucket: string; prefix: string } | null
}

const invalid = (message: string) => new TrainyardError('INVALID_CONFIGURATION', message)

function parsePlace(text: string): Place {
  if (!text.startsWith('s3://')) return { text: resolve(text), bucket: null }
  const bucket = parseBucket(text)
  if (!bucket) throw invalid(`${text} is no bucket: expected s3://BUCKET or s3://BUCKET/PREFIX`)
  return { text: text.replace(/\/$/, ''), bucket }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.length !== 2) throw invalid('name two places: trainyard store copy FROM TO')
  const [from, to] = args.map(parsePlace) as [Place, Place]
  if (from.text === to.text) throw invalid(`${from.text} cannot be copied to itself`)
  process.umask(0o077)
  await assertUsable(from, to)
  const config = readConfig()
  // what a bucket needs of the disk lies beside the folder, so that its files need not be copied twice
  const { text: dataFolder } = [from, to].find(({ bucket }) => !bucket) ?? {
    text: config.dataFolder,
  }
  const open = ({ text, bucket }: Place, options: OpenOptions) =>
    openStore(settingsOf(config, bucket ? dataFolder : text, bucket), options)
  const source = await open(from, { keepsFolders: true })
  const target = await open(to, { keepsFolders: true, openFor: 'copy' })
  const startedAt = performance.now()
  let reportedAt = startedAt
  const report = await copyStore(source, target, ({ key }, soFar) => {
    if (performance.now() - reportedAt < reportMs) return
    reportedAt = performance.now()
    console.log(`trainyard: ${describe(soFar)} so far, last ${key}`)
  })
  // copies of the bucket's files, which are the folder's own now
  if (!to.bucket) await rm(bucketCopiesFolder(to.text), { recursive: true, force: true })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const known = report.known > 0 ? `; ${count(report.known)} were there already` : ''
  console.log(
    `trainyard: copied ${describe(report)} of ${from.text} to ${to.text} in ${seconds} s, and compared them${known}. ${next(to)}`,
  )
}

const count = (number: number) => number.toLocaleString('en')

const describe = ({ folders, files, bytes }: CopyReport) =>
  `${count(folders)} data sets, models and checkpoints and ${count(files)} records and logs, ${(bytes / 2 ** 20).toFixed(1)} MiB,`

/** What is no part of a store. */
const notCopied =
  'its keys, the secret of webhooks, unfinished uploads and kept samples of predictions'

const next = ({ text, bucket }: Place) =>
  bucket
    ? `Start the server with TRAINYARD_STORE=${text}; ${notCopied} stay in the data folder.`
    : `Start the server with TRAINYARD_DATA=${text} and without TRAINYARD_STORE; ${notCopied} stay in the old data folder; copy key, keys.json and webhook-secret to keep its keys.`

const settingsOf = (config: Config, dataFolder: string, store: Place['bucket']) => ({
  dataFolder,
  store,
  storeCacheBytes: config.storeCacheBytes,
  s3: config.s3,
})

async function assertUsable(from: Place, to: Place): Promise<void> {
  for (const { text, bucket } of [from, to]) {
    const holder = bucket ? null : await findHolder(text)
    if (holder) throw invalid(`a server uses ${text} (process ${holder.pid}): stop it first`)
  }
  if (from.bucket) return
  const found = await stat(join(from.text, 'format.json')).catch(() => null)
  if (!found) throw invalid(`${from.text} is no data folder: it has no format.json`)
  if (!to.bucket) await mkdir(to.text, { recursive: true })
}

main().then(
  // connections that are kept open must not hold the process
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof TrainyardError ? `trainyard: ${error.message}` : error)
    process.exit(1)
  },
)
