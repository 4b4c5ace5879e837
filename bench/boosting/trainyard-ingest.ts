import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { convert } from '../../src/datasets/conversion.js'
import type { TaskRequest } from './cases.js'
import { conversionOf } from './conversion.js'
import type { PreparedTask } from './prepared-task.js'

/** Converts CSV to a data set's files: reads twice, infers types, describes columns, writes, hashes. */
export function ingest({ table, tempFolder }: TaskRequest): PreparedTask {
  return {
    async step() {
      const folder = mkdtempSync(join(tempFolder, 'ingest-'))
      await convert(conversionOf(table, folder))
      rmSync(folder, { recursive: true })
    },
  }
}
