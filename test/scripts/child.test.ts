import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { importScript, spawnScript } from './scripts.js'

test('a tied program ends with the set-up that ran it, even by kill -9', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-child-'))
  const note = join(folder, 'pid')
  const setup = spawnScript(
    `const { run } = await script('setup/child.mjs')
     await run('sh', ['-c', 'echo $$ > "$NOTE"; exec sleep 60'], { tied: true })`,
    { NOTE: note },
  )
  await eventually(
    'the pid of the program',
    () => existsSync(note) && readFileSync(note, 'utf8').endsWith('\n'),
  )
  const pid = Number(readFileSync(note, 'utf8'))
  assert.ok(alive(pid))
  setup.kill('SIGKILL')
  await eventually('the program to end', () => !alive(pid))
  rmSync(folder, { recursive: true })
})

test("a tied program's output and failure are its own", async () => {
  const { run } = await importScript('setup/child.mjs')
  assert.deepEqual(await run('sh', ['-c', 'echo out; echo err >&2'], { tied: true }), {
    ok: true,
    signal: null,
    tail: 'out\nerr',
  })
  assert.equal((await run('sh', ['-c', 'exit 3'], { tied: true })).ok, false)
  assert.equal((await run('no-such-program', [])).ok, false)
})

function alive(pid: number) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
