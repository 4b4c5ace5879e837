// `npm start` as a person runs it: however it is ended, nothing of it goes on.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { findProcessesOf } from '../../testing/processes.js'
import { tempFolder } from '../../testing/temp-folder.js'

const root = join(import.meta.dirname, '../../..')
const timeoutMs = 60_000

/** Runs a command that starts a server, and waits until it listens. */
async function start(t: TestContext, command: string, args: string[]) {
  const folder = await tempFolder(t)
  const child = spawn(command, args, {
    cwd: root,
    env: {
      ...process.env,
      TRAINYARD_DATA: join(folder, 'data'),
      TRAINYARD_PORT: '0',
      TRAINYARD_SPARE_TRAINERS: 'off',
    },
    // as from a service manager: without a terminal, and as the leader of a process group
    detached: true,
  })
  t.after(async () => {
    child.kill('SIGKILL')
    for (const { pid } of await findProcessesOf(folder)) process.kill(pid, 'SIGKILL')
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output += text
    })
  }
  await eventually('the server to listen', () => output.includes('listens on'), { timeoutMs })
  const everythingEnds = () =>
    eventually('all processes to end', async () => (await findProcessesOf(folder)).length === 0, {
      timeoutMs,
    })
  return { child, everythingEnds, printed: () => output }
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} to npm ends all of it`, async t => {
    const { child, everythingEnds, printed } = await start(t, 'npm', ['start'])
    child.kill(signal)
    await everythingEnds()
    assert.match(printed(), /\nstopping: /)
  })
}

const noScript = spawnSync('script', ['--version']).error && 'script (util-linux) is not installed'
const onTerminal: Record<string, (terminal: ChildProcess) => void> = {
  'Ctrl-C': terminal => terminal.stdin!.write('\x03'),
  'closing the terminal': terminal => terminal.kill('SIGKILL'),
}
for (const [name, end] of Object.entries(onTerminal)) {
  test(`${name} ends all of it, in order`, { skip: noScript }, async t => {
    const args = ['-qfec', 'npm start', '/dev/null']
    const { child, everythingEnds, printed } = await start(t, 'script', args)
    end(child)
    await everythingEnds()
    assert.doesNotMatch(printed(), /stopping now/)
  })
}
