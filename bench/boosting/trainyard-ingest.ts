import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { convert } from '../../src/datasets/conversion.js'
import type { Asked } from './cases.js'
import { conversionOf } from './conversion.js'
import type { Doing } from './prepared-task.js'

/** From CSV to a data set's files: reads all twice, finds types, describes columns, writes, hashes. */
export function ingest({ table, scratch }: Asked): Doing {
  return {
    step() {
      const folder = mkdtempSync(join(scratch, 'ingest-'))
      convert(conversionOf(table, folder))
      rmSync(folder, { recursive: true })
    },
  }
}
