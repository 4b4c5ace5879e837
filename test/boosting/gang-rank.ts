// One rank of a boosting job, in its own process; gang-host.ts starts and kills it. Rank 0 writes a checkpoint with the
// metric rows after every round, from which all ranks resume.
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RankGroup, Tracker } from '../../src/boosting/rank-group.js'
import { RankLost } from '../../src/errors.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import { boost, modelHash } from './boost.js'
import { jobs } from './resume-jobs.js'

interface SavedState {
  rows: MetricRow[]
  bytes: string | null
}

export type FromRank =
  | { type: 'leader'; address: { host: string; port: number } }
  | { type: 'round' }
  | { type: 'end'; hash: string; rounds: number; evaluation: unknown; records: unknown }

const [name, folder, rankText, worldText] = process.argv.slice(2) as [
  keyof typeof jobs,
  string,
  string,
  string,
]
const [rank, world] = [Number(rankText), Number(worldText)]
const send = (message: FromRank) =>
  new Promise<void>(resolve => {
    process.send!(message, () => resolve())
  })

const file = join(folder, 'checkpoint.json')
const { rows, bytes } = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as SavedState)
  : { rows: [], bytes: null }
const resume: Uint8Array | null = bytes === null ? null : Buffer.from(bytes, 'base64')

const tracker = rank === 0 ? Tracker.start({ host: '127.0.0.1', port: 0 }, world) : null
const address = tracker?.address ?? (await leaderAddress())
if (tracker) await send({ type: 'leader', address })
const group = RankGroup.join({ rank, world, address }, tracker)

let checkpoint = resume
const trained = boost(
  {
    ...jobs[name](),
    group,
    checkpointInterval: { steps: 1, seconds: null },
    resume,
    history: rank === 0 ? [...rows] : [],
  },
  {
    row: async row => {
      rows.push(row)
    },
    checkpoint: async (_, state) => {
      checkpoint = state
      if (rank > 0) return
      // renames, so that a kill cannot leave half a file
      const saved: SavedState = { rows, bytes: Buffer.from(state).toString('base64') }
      writeFileSync(`${file}.new`, JSON.stringify(saved))
      renameSync(`${file}.new`, file)
    },
    shouldContinue: async () => {
      if (rank > 0) return true
      const answer = once(process, 'message')
      await send({ type: 'round' })
      await answer
      return true
    },
  },
)
const { rounds, evaluation, records } = await trained.catch(async error => {
  if (!(error instanceof RankLost)) throw error
  // another rank was killed; XGBoost would hold up an ordinary exit
  process.kill(process.pid, 'SIGKILL')
  return trained
})
await send({
  type: 'end',
  hash: modelHash(checkpoint!),
  rounds,
  evaluation,
  records: records && Object.keys(records),
})
// as trainers do
process.kill(process.pid, 'SIGKILL')

async function leaderAddress(): Promise<{ host: string; port: number }> {
  const [address] = await once(process, 'message')
  return address
}
