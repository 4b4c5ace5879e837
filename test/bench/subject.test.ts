import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Subject } from '../../bench/subject.js'
import type { TrainingReady } from '../../bench/train/ready.js'

/** A subject that runs `script` for each line of stdin, in the variable `line`. */
const nodeSubject = (script: string) =>
  new Subject({
    command: process.execPath,
    args: [
      '-e',
      `require('node:readline').createInterface({ input: process.stdin }).on('line', line => { ${script} })`,
    ],
    env: {},
  })

test('a subject answers each request', async () => {
  const subject = nodeSubject(`
    const asked = JSON.parse(line)
    const ready = { parameters: asked.prepare?.size, versions: {} }
    const answer = asked.prepare ? { ready } : asked.steps ? { ms: [1, 2] } : { peakRssMb: 3 }
    console.log(JSON.stringify(answer))
  `)
  const { parameters, firstStepSeconds } = await subject.prepare<TrainingReady>({ size: 5 })
  assert.equal(parameters, 5)
  assert.ok(firstStepSeconds > 0)
  assert.deepEqual(await subject.steps(2), [1, 2])
  assert.equal(await subject.end(), 3)
})

test('the error of a failed subject is its line that starts with bench:', async () => {
  const subject = nodeSubject(`
    console.error('Error: this is a trace')
    console.error('bench: there is no such network')
    console.error('    at the end of it')
    process.exit(1)
  `)
  await assert.rejects(subject.prepare({}), { message: 'there is no such network' })
})

test('the error of a crashed subject is its last line', async () => {
  const subject = nodeSubject(`
    console.error('Traceback:')
    console.error('ValueError: no')
    process.exit(1)
  `)
  await assert.rejects(subject.prepare({}), { message: 'ValueError: no' })
})

test('a subject that exits without a message fails with an error that says so', async () => {
  const subject = nodeSubject(`process.kill(process.pid, 'SIGKILL')`)
  await assert.rejects(subject.steps(1), { message: 'it exited without a message' })
})

test('the error for a missing program contains its path', async () => {
  const subject = new Subject({ command: '/nowhere/python', args: [], env: {} })
  await assert.rejects(subject.prepare({}), /nowhere\/python/)
})
