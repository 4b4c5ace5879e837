// A boosting job in its own process, which the test kills. After every round it writes a checkpoint
// with the metric rows; it resumes from the last checkpoint.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricRow } from '../../src/spec/metrics.js'
import { boost } from './boost.js'
import { jobs } from './resume-jobs.js'

interface SavedState {
  rows: MetricRow[]
  bytes: string | null
}

const [name, folder] = process.argv.slice(2) as [keyof typeof jobs, string]
const file = join(folder, 'checkpoint.json')
const { rows, bytes } = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as SavedState)
  : { rows: [], bytes: null }
const resume = bytes === null ? null : Buffer.from(bytes, 'base64')

await boost(
  { ...jobs[name](), checkpointInterval: { steps: 1, seconds: null }, resume, history: [...rows] },
  {
    row: async row => {
      rows.push(row)
    },
    checkpoint: async (_, bytes) => {
      // renames, so that a kill cannot leave half a file
      const saved: SavedState = { rows, bytes: Buffer.from(bytes).toString('base64') }
      writeFileSync(`${file}.new`, JSON.stringify(saved))
      renameSync(`${file}.new`, file)
    },
    shouldContinue: () =>
      new Promise(resolve => {
        process.send!('round', () => resolve(true))
      }),
  },
)
process.disconnect()
