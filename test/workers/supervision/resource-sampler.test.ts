import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { usageOf } from '../../../src/processes.js'
import type { ResourceSample } from '../../../src/spec/job-resources.js'
import { eventually } from '../../../testing/eventually.js'
import { ResourceSampler } from '../../../workers/supervision/resource-sampler.js'

const gpu = { index: 0, name: 'H200', utilization: 0.5, usedBytes: 2e9, totalBytes: 1e11 }

test('a process is measured from outside until it ends', async t => {
  const busy = spawn(process.execPath, [
    '-e',
    'const kept = Buffer.alloc(200e6, 1); for (;;) kept[0] = kept[1] + 1',
  ])
  t.after(() => busy.kill('SIGKILL'))
  const samples: ResourceSample[] = []
  const sampler = new ResourceSampler({
    readUsage: () => usageOf(busy.pid!),
    readGpu: () => gpu,
    readProgress: () => ({ step: 7, examplesPerSecond: 12.34567 }),
    append: async sample => void samples.push(sample),
  })
  await eventually('three samples', () => samples.length >= 3)
  busy.kill('SIGKILL')
  await once(busy, 'close')
  const { length } = samples
  await sampler.close()
  for (const { seconds, step, cpuCores, residentBytes, ...values } of samples) {
    assert.ok(seconds > 0.5, `${seconds}`)
    assert.equal(step, 7)
    // it has one thread that computes; other processes may take the processor
    assert.ok(cpuCores! >= 0 && cpuCores! < 3, `${cpuCores} cores`)
    assert.ok(residentBytes! > 20e6, `${residentBytes} bytes`)
    assert.equal(values.gpuUtilization, 0.5)
    assert.equal(values.gpuMemoryBytes, 2e9)
    assert.equal(values.examplesPerSecond, 12.346)
    assert.ok(values.writeBytesPerSecond! >= 0)
  }
  assert.ok(samples.some(({ cpuCores }) => cpuCores! > 0.05))
  assert.ok(samples.some(({ residentBytes }) => residentBytes! > 200e6))
  assert.ok(samples.length - length <= 1)
})

test('a sample that cannot be stored is followed by others', async t => {
  let calls = 0
  const sampler = new ResourceSampler({
    readUsage: () => usageOf(process.pid),
    readGpu: () => null,
    readProgress: () => ({ step: 0, examplesPerSecond: null }),
    append: async () => {
      calls++
      throw new Error('the disk is full')
    },
  })
  t.after(() => sampler.close())
  await eventually('two samples', () => calls >= 2)
})
