import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** Opens files until there are no more, starts a child in each way, then closes them and does it again. */
const program = `
import { closeSync, openSync } from 'node:fs'
const load = path => import(new URL(path, ${JSON.stringify(import.meta.url)}).href)
const { askChild } = await load('../../src/ipc/ask-child.js')
const { streamFromChild } = await load('../../src/ipc/stream-child.js')
const { KeptChild } = await load('../../src/ipc/kept-child.js')
const script = name => new URL(name, ${JSON.stringify(import.meta.url)}).pathname
const base = { name: 'child', env: {}, timeoutMs: 20_000, maxSilentMs: 20_000, idleMs: 1000, maxWaiting: 3 }
const kept = new KeptChild({ ...base, script: script('kept-child-script.js') })
const ways = {
  ask: () => askChild({ behavior: 'echo' }, { ...base, script: script('child.js') }),
  // the script makes no stream
  stream: () => streamFromChild({ behavior: 'exit' }, { ...base, script: script('kept-child-script.js') }),
  keep: () => kept.ask({ behavior: 'pid' }),
}
const files = []
try { for (;;) files.push(openSync('/dev/null', 'r')) } catch {}
const tryAll = async () => {
  for (const [way, start] of Object.entries(ways)) {
    const outcome = await start().then(() => 'started', error => error.name)
    console.log(way, outcome)
  }
}
await tryAll()
for (const file of files) closeSync(file)
await tryAll()
await kept.close()
`

test('without file descriptors no child starts, and its parent lives on', async () => {
  const run = promisify(execFile)
  const { stdout } = await run('sh', [
    ...['-c', 'ulimit -n 64 && exec "$@"', 'sh'],
    ...[process.execPath, '--input-type=module', '-e', program],
  ])
  assert.deepEqual(stdout.trim().split('\n'), [
    ...['ask ChildStartError', 'stream ChildStartError', 'keep ChildStartError'],
    ...['ask started', 'stream ChildExitError', 'keep started'],
  ])
})
