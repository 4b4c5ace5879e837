import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { importScript, spawnScript } from './scripts.js'

test('a tied program ends when the set-up that started it is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-child-'))
  const pidFile = join(folder, 'pid')
  const setup = spawnScript(
    `const { run } = await script('setup/child.mjs')
     await run('sh', ['-c', 'echo $$ > "$PID_FILE"; exec sleep 60'], { tied: true })`,
    { PID_FILE: pidFile },
  )
  await eventually(
    'the program to write its pid',
    () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'),
  )
  const pid = Number(readFileSync(pidFile, 'utf8'))
  assert.ok(alive(pid))
  setup.kill('SIGKILL')
  await eventually('the program to end', () => !alive(pid))
  rmSync(folder, { recursive: true })
})

test('run returns the output of a program and whether it succeeded', async () => {
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
