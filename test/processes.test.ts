import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import {
  isDead,
  leadingProcessId,
  listProcesses,
  ownProcessId,
  readStat,
} from '../src/processes.js'
import { eventually } from '../testing/eventually.js'

const script = new URL('../src/processes.js', import.meta.url).href
const source = `import { ownProcessId } from '${script}'
process.stdout.write(ownProcessId)
setInterval(() => {}, 1000)`

test('a killed process is dead, and a stopped one is not', async t => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, 'marked'])
  t.after(() => child.kill('SIGKILL'))
  const [output] = await once(child.stdout, 'data')
  const id = String(output)
  assert.equal(leadingProcessId(`${id}-and-more`), id)
  assert.equal(isDead(id), false)
  assert.ok(
    [...listProcesses()].some(({ pid, args }) => pid === child.pid && args.includes('marked')),
  )
  child.kill('SIGSTOP')
  await eventually('the process to stop', () => readStat(child.pid!)?.state === 'T')
  assert.equal(isDead(id), false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(isDead(id), true)
  assert.equal(readStat(child.pid!), null)
})

test('a process of another host is never reported dead, and a process whose pid is reused is', () => {
  const [, pid, startedAt] = ownProcessId.split('-')
  assert.equal(isDead(ownProcessId), false)
  assert.equal(isDead(`000000000000-${pid}-0`), false)
  assert.equal(isDead(ownProcessId.replace(new RegExp(`${startedAt}$`), '1')), true)
  assert.equal(leadingProcessId('2f1d3c5e-0000-4000-8000-000000000000'), null)
})
