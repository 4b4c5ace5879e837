import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { validateForm } from '../../src/datasets/form.js'
import { defaultLimits } from '../../src/datasets/limits.js'
import { runConversion } from '../../src/datasets/run-conversion.js'
import { runSubject } from '../subject-protocol.js'

interface Request {
  zip: string
  folder: string
  size: number
}

/** Converts the archive in a process of its own, as the server does. Loading TensorFlow counts each time. */
async function convertOnce({ zip, folder, size }: Request): Promise<void> {
  const target = mkdtempSync(join(folder, 'trainyard-'))
  const scratch = join(target, 'scratch')
  await mkdir(scratch)
  await runConversion({
    files: [{ name: 'photos.zip', path: zip }],
    form: validateForm({ resize: String(size) }),
    folder: target,
    scratch,
    limits: defaultLimits,
  })
  rmSync(target, { recursive: true })
}

await runSubject<Request>(async request => {
  await convertOnce(request)
  return {
    ready: { versions: { node: process.version } },
    async steps(count) {
      const times = []
      for (let step = 0; step < count; step++) {
        const since = performance.now()
        await convertOnce(request)
        times.push(performance.now() - since)
      }
      return times
    },
  }
})
