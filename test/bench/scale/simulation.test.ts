import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type MeasuredWorkers,
  simulateFirstAdds,
  simulateRing,
  simulateWorkers,
  workerCosts,
} from '../../../bench/scale/simulation.js'
import { assertClose } from '../../../testing/assert-close.js'

const load = 0.7

const assertEqual = (actual: number | null, expected: number, what: string) =>
  assertClose(actual!, expected, Math.abs(expected) * 1e-9, what)

/** A row in which a worker has 9 commands per second, a job 100 and 3 more for each idle worker; 10 µs each. */
function row(workers: number, jobSeconds: number): MeasuredWorkers {
  const jobsPerSecond = (load * workers) / jobSeconds
  const idle = 9 * workers
  const commandsPerSecond = idle + jobsPerSecond * (100 + 3 * workers * (1 - load))
  const redisCpu = commandsPerSecond * 10e-6
  return {
    workers,
    connections: 5 + 4 * workers,
    usedMb: 2 + 0.05 * workers,
    idle: { commandsPerSecond: idle },
    loaded: { commandsPerSecond, redisCpu },
    jobsPerSecond,
    claimMs: { median: 5 / (1 - redisCpu) },
  }
}

test('the costs of a worker, a job and a command are found in measured rows', () => {
  const costs = workerCosts([row(100, 2), row(1, 2), row(10, 2)], load)
  for (const [name, expected] of Object.entries({
    ...{ idleCommands: 9, jobCommands: 100, wakeCommands: 3, commandSeconds: 10e-6 },
    ...{ connections: 4, megabytes: 0.05, claimMs: 5 },
  }))
    assertEqual(costs[name as keyof typeof costs], expected, name)
  assert.throws(() => workerCosts([row(10, 2), row(10, 2)], load), RangeError)
})

test('the model says of measured numbers of workers what was measured, and of others what follows', () => {
  const costs = workerCosts([row(1, 2), row(10, 2), row(100, 2)], load)
  const at = (workers: number, jobSeconds: number) =>
    simulateWorkers(costs, { workers, jobSeconds, load })
  const measured = row(100, 2)
  assertEqual(at(100, 2).commandsPerSecond, measured.loaded.commandsPerSecond, 'commands')
  assertEqual(at(100, 2).claimMs, measured.claimMs.median, 'claim')
  // 11.7 jobs per second, of 100 + 3 * 300 commands each
  const minutes = at(1000, 60)
  assertEqual(minutes.commandsPerSecond, 9000 + (700 / 60) * 1000, 'commands')
  assertEqual(minutes.redisCpu, 0.62 / 3, 'processor')
  assertEqual(minutes.connections, 4000, 'connections')
  // 350 jobs per second are more than a core can do
  assert.equal(at(1000, 2).claimMs, null)
  assert.ok(at(1000, 2).redisCpu > 1)
})

test('a step takes longer by what passes the busiest link', () => {
  const costs = { stepMs: 100, bytes: 1e8 }
  for (const simulate of [simulateFirstAdds, simulateRing]) {
    assert.deepEqual(simulate(costs, 1, 1e10), { stepMs: 100, speedUp: 1 })
    assertEqual(simulate(costs, 2, 1e30).speedUp, 2, 'speed-up')
  }
  // 7 gradients in and 7 copies of the weights out, of 10 ms each
  assertEqual(simulateFirstAdds(costs, 8, 1e10).stepMs, 240, 'step')
  assertEqual(simulateRing(costs, 8, 1e10).stepMs, 117.5, 'step')
})
