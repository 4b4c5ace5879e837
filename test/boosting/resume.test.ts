import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { MetricRow } from '../../src/spec/metrics.js'
import { boost, modelHash } from './boost.js'
import { jobs } from './resume-jobs.js'

const program = fileURLToPath(new URL('boost-process.js', import.meta.url))

for (const name of Object.keys(jobs) as (keyof typeof jobs)[]) {
  test(`a job killed three times ends with the same bytes and rows: ${name}`, async t => {
    const uninterrupted = await boost(jobs[name]())
    const folder = mkdtempSync(join(tmpdir(), 'trainyard-boosting-'))
    t.after(() => rmSync(folder, { recursive: true }))

    for (const rounds of [1, 3, 2]) await killAfterRounds(rounds, name, folder)
    await runToEnd(name, folder)

    const saved = readFileSync(join(folder, 'checkpoint.json'), 'utf8')
    const { rows, bytes } = JSON.parse(saved) as { rows: MetricRow[]; bytes: string }
    assert.equal(modelHash(Buffer.from(bytes, 'base64')), modelHash(uninterrupted.checkpoint))
    assert.deepEqual(measured(rows), measured(uninterrupted.rows))
  })
}

test('a finished job does not train further if it is resumed', async () => {
  const job = jobs['hist, binary']()
  const complete = await boost(job)
  const again = await boost({ ...job, resume: complete.checkpoint, history: complete.rows })
  assert.deepEqual([again.rounds, again.rows, again.finished], [complete.rounds, [], true])
})

const start = (name: string, folder: string) =>
  fork(program, [name, folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

/** Kills the process during the round after `rounds` rounds, or just before it. */
async function killAfterRounds(rounds: number, name: string, folder: string): Promise<void> {
  const child = start(name, folder)
  let roundsSeen = 0
  child.on('message', () => {
    if (++roundsSeen === rounds) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
}

async function runToEnd(name: string, folder: string): Promise<void> {
  const [code] = await once(start(name, folder), 'exit')
  assert.equal(code, 0)
}

const measured = (rows: readonly MetricRow[]) =>
  rows.map(({ step, values: { examplesPerSecond: _, ...values } }) => ({ step, values }))
