import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { findProcessesOf } from '../../testing/processes.js'
import { tempFolder } from '../../testing/temp-folder.js'

test('a killed process counts as ended, though its stopped parent has not noticed', async t => {
  const folder = await tempFolder(t)
  const parent = spawn('sh', ['-c', 'sleep 1000 & wait'], { cwd: folder })
  t.after(async () => {
    parent.kill('SIGKILL')
    await once(parent, 'exit')
  })
  const find = async () => (await findProcessesOf(folder)).map(({ pid }) => pid)
  const both = await eventually('parent and child', async () => {
    const pids = await find()
    return pids.length === 2 && pids
  })
  const [child] = both.filter(pid => pid !== parent.pid)
  parent.kill('SIGSTOP')
  process.kill(child!, 'SIGKILL')
  await eventually('the child to end', async () => !(await find()).includes(child!))
  assert.deepEqual(await find(), [parent.pid])
})
