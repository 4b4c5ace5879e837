// What `npm run backup -- FOLDER` runs: copies the data folder of a server, which may run.
import { readConfig } from '../config.js'
import { TrainyardError } from '../errors.js'
import { backUp } from '../store/backup.js'

const usage = 'npm run backup -- FOLDER'

async function main(): Promise<void> {
  const [target, ...more] = process.argv.slice(2)
  if (target === undefined || target.startsWith('-') || more.length > 0) {
    const message = `name one folder to copy to: ${usage}`
    throw new TrainyardError('INVALID_CONFIGURATION', message)
  }
  const { dataFolder, store } = readConfig()
  if (store) {
    const message = `the store is s3://${store.bucket}/${store.prefix}, and this copies data folders: turn on versioning for the bucket, or replicate it; the keys are in ${dataFolder}`
    throw new TrainyardError('INVALID_CONFIGURATION', message)
  }
  process.umask(0o077)
  const startedAt = performance.now()
  const { files, bytes } = await backUp(dataFolder, target)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(
    `trainyard: copied ${files.toLocaleString('en')} files of ${dataFolder}, ${(bytes / 1e6).toFixed(1)} MB, to ${target} in ${seconds} s; they include the server's keys`,
  )
}

main().catch((error: unknown) => {
  console.error(error instanceof TrainyardError ? `trainyard: ${error.message}` : error)
  process.exit(1)
})
