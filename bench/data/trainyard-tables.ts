// The subject trainyard: what the server's conversion process does, without the server.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { convert } from '../../src/datasets/conversion.js'
import { validateForm } from '../../src/datasets/form.js'
import { defaultLimits } from '../../src/datasets/limits.js'
import { type PreparedSubject, runSubject } from '../subject-protocol.js'
import type { TableRequest } from './table-ingest.js'

async function prepare({ path, tempFolder }: TableRequest): Promise<PreparedSubject> {
  const ingest = async () => {
    const folder = mkdtempSync(join(tempFolder, 'ingest-'))
    const scratch = join(folder, 'scratch')
    mkdirSync(scratch)
    await convert({
      files: [{ name: basename(path), path }],
      form: validateForm({}),
      folder,
      scratch,
      limits: defaultLimits,
    })
    rmSync(folder, { recursive: true })
  }
  await ingest()
  return {
    ready: { versions: { node: process.versions.node } },
    async steps(count) {
      const times: number[] = []
      while (times.length < count) {
        const since = performance.now()
        await ingest()
        times.push(performance.now() - since)
      }
      return times
    },
  }
}

await runSubject(prepare)
