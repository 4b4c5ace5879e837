import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { MetricRow } from '../../src/spec/metrics.js'
import { within } from '../../testing/eventually.js'
import { forkInOwnNetwork, ownNetworkProblem } from '../../testing/own-network.js'
import { boost, boostingOptions } from './boost.js'
import type { FromHost, Kill } from './gang-host.js'
import { jobs } from './resume-jobs.js'
import { makeFriedman1, sliceRows } from './tables.js'

const program = fileURLToPath(new URL('gang-host.js', import.meta.url))
const skip = ownNetworkProblem()

type GangJob = Exclude<keyof typeof jobs, 'exact'>
const gangJobs = Object.keys(jobs).filter((name): name is GangJob => name !== 'exact')

interface GangRun {
  /** Of the model of each rank. */
  hashes: string[]
  rows: MetricRow[]
  evaluation: unknown
  /** How the ranks of each killed attempt ended. */
  signals: (string | null)[][]
}

async function runGang(
  t: TestContext,
  name: GangJob,
  { world = 2, kills = [] }: { world?: number; kills?: Kill[] } = {},
): Promise<GangRun> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-gang-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const host = forkInOwnNetwork(program, [name, folder, String(world), JSON.stringify(kills)])
  // which ends its ranks, should they hang
  t.after(() => host.connected && host.disconnect())
  const signals: GangRun['signals'] = []
  const ends = new Promise<(FromHost & { type: 'ends' })['ends']>((resolve, reject) => {
    host.on('message', (message: FromHost) => {
      if (message.type === 'attempt') signals.push(message.signals)
      else resolve(message.ends)
    })
    host.on('exit', code => reject(new Error(`the ranks' host ended with ${code}`)))
  })
  const found = await within(`a gang of ${world} to train ${name}`, ends, { timeoutMs: 240_000 })
  const saved = readFileSync(join(folder, 'checkpoint.json'), 'utf8')
  return {
    hashes: found.map(({ hash }) => hash),
    rows: (JSON.parse(saved) as { rows: MetricRow[] }).rows,
    evaluation: found[0]!.evaluation,
    signals,
  }
}

const measured = (rows: readonly MetricRow[]) =>
  rows.map(({ step, values: { examplesPerSecond: _, ...values } }) => ({ step, values }))

for (const name of gangJobs) {
  test(`two ranks end with the same model, run for run and after either is killed: ${name}`, {
    skip,
  }, async t => {
    const first = await runGang(t, name)
    assert.equal(new Set(first.hashes).size, 1, 'the ranks have the same model')
    const again = await runGang(t, name)
    assert.deepEqual(again.hashes, first.hashes)
    const kills = [
      { rank: 1, afterRounds: 2 },
      { rank: 0, afterRounds: 3 },
      { rank: 1, afterRounds: 1 },
    ]
    const killed = await runGang(t, name, { kills })
    for (const signals of killed.signals) assert.equal(signals.length, 2)
    assert.equal(killed.hashes[0], first.hashes[0])
    assert.deepEqual(measured(killed.rows), measured(first.rows))
    assert.deepEqual(killed.evaluation, first.evaluation)
  })
}

test('three ranks end with the same model, also after one is killed', { skip }, async t => {
  const { hashes } = await runGang(t, 'hist, binary', { world: 3 })
  assert.equal(new Set(hashes).size, 1)
  assert.equal(hashes.length, 3)
  const killed = await runGang(t, 'hist, binary', {
    world: 3,
    kills: [{ rank: 2, afterRounds: 4 }],
  })
  assert.equal(killed.hashes[0], hashes[0])
})

test('the metrics of two ranks lie among those of single processes with other bins', {
  skip,
}, async t => {
  const { rows } = await runGang(t, 'hist, categories, two threads')
  const all = makeFriedman1(901)
  const single = await Promise.all(
    [32, 64, 128, 200, 256, 512].map(async maxBins => {
      const { rows } = await boost({
        model: boostingOptions({ rounds: 15, subsample: 0.7, columnSample: 0.6, maxBins }),
        training: sliceRows(all, 0, 601),
        validation: sliceRows(all, 601, 901),
        threads: 2,
      })
      return rows.at(-1)!.values.validationRmse!
    }),
  )
  const found = rows.at(-1)!.values.validationRmse!
  const spread = Math.max(...single) - Math.min(...single)
  assert.ok(
    found >= Math.min(...single) - spread && found <= Math.max(...single) + spread,
    `${found} is far from ${single}`,
  )
})
