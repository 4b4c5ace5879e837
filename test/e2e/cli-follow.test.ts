// Jobs followed from the command line: while the server restarts, with Ctrl-C, into pipes and narrow terminals.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { textWidth } from '../../src/cli/terminal/table.js'
import { scriptPath } from '../../src/places.js'
import type { JobRequest } from '../../src/spec/job.js'
import { type CuttingProxy, startCuttingProxy } from '../../testing/cutting-proxy.js'
import { eventually, within } from '../../testing/eventually.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { runCommand, runInTerminal, startCommand } from '../../testing/trainyard-command.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
let proxy: CuttingProxy
let home: string

before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  await uploadTable(deployment, 'wine')
  proxy = await startCuttingProxy(deployment.url)
  home = await mkdtemp(join(tmpdir(), 'trainyard-cli-'))
})
after(async () => {
  proxy.close()
  await deployment.close()
  await rm(home, { recursive: true })
})

/** Commands speak to the proxy, whose address stays when the server restarts. */
const options = (environment: NodeJS.ProcessEnv = {}) => ({
  ...{ url: proxy.url, key: deployment.key, home, environment },
})
const trainyard = (...args: string[]) => runCommand(args, options())

const request = (name: string, rounds: number): JobRequest => ({
  ...{ name, dataset: 'wine', model: { kind: 'boosting', rounds } },
  training: { checkpointEvery: 50 },
})

const lostOnce = /^.*connection to the server is lost.*\nConnected again; nothing is missing\.\n$/

async function restartServer(): Promise<void> {
  await deployment.stop()
  await deployment.start()
  proxy.target = deployment.url
}

test('watch and logs -f go on without a gap when the server restarts, and say so once', async () => {
  const rounds = 400
  const { id } = await deployment.client.jobs.submit(request('restarted', rounds))
  const watch = startCommand(['watch', id], options())
  const events = startCommand(['watch', id, '--json'], options())
  const logs = startCommand(['logs', '-f', id, '--json'], options())
  const followers = [watch, events, logs]
  await eventually('some rounds', () => watch.stdout().includes('round 30 of'))
  await eventually('all followers', () => followers.every(({ stdout }) => stdout() !== ''))
  await restartServer()
  const [watched, streamed, logged] = await within(
    'the end of the job',
    Promise.all(followers.map(({ ended }) => ended)),
    { timeoutMs: 120_000 },
  )
  for (const { code, stderr } of [watched!, streamed!, logged!]) {
    assert.match(stderr, lostOnce)
    assert.equal(code, exitCodes.done)
  }
  const steps = [...watched!.stdout.matchAll(/round (\d+) of 400/g)].map(([, step]) => Number(step))
  const everyRound = Array.from({ length: rounds }, (_, i) => i + 1)
  assert.deepEqual(
    steps.filter((step, i) => step !== steps[i - 1]),
    everyRound,
  )
  assert.match(watched!.stdout, /succeeded: model restarted, version 1\n$/)
  const parsed = streamed!.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(parsed.filter(({ event }) => event === 'metrics').length, steps.length)
  assert.equal(parsed.at(-1).data.status, 'succeeded')
  const whole = await trainyard('logs', id, '--json')
  assert.equal(logged!.stdout, whole.stdout)
})

test('Ctrl-C leaves the job running and says how to follow it again', async () => {
  const { id } = await deployment.client.jobs.submit(request('long', 100_000))
  const watch = startCommand(['watch', id], options())
  const logs = startCommand(['logs', '-f', id], options())
  await eventually('a round', () => /round 3 of/.test(watch.stdout()))
  await eventually('a line of the log', () => logs.stdout() !== '')
  for (const { child } of [watch, logs]) child.kill('SIGINT')
  const [watched, logged] = await within('the ends', Promise.all([watch.ended, logs.ended]))
  assert.equal(watched.code, exitCodes.interrupted)
  assert.equal(watched.stderr, `The job goes on. Follow it again: trainyard watch ${id}\n`)
  assert.equal(logged.code, exitCodes.interrupted)
  assert.match(logged.stderr, new RegExp(`Follow its log again: trainyard logs -f ${id}\n$`))
  assert.equal((await deployment.client.jobs.get(id)).status, 'running')

  const cancelled = startCommand(['watch', id], options())
  await eventually('a round', () => /round 5 of/.test(cancelled.stdout()))
  assert.equal((await trainyard('cancel', id)).code, exitCodes.done)
  const { code, stdout, stderr } = await within('the end', cancelled.ended)
  assert.equal(code, exitCodes.jobCancelled)
  assert.match(stdout, /\d\d:\d\d:\d\d {2}cancelled\n$/)
  assert.equal(stderr, `trainyard: long (${id}) was cancelled\n`)
})

test('a reader that leaves ends the command without a word', async () => {
  const script = `'${process.execPath}' '${scriptPath('src/cli/main')}'`
  for (const args of ['metrics restarted -f table', 'logs restarted', 'watch restarted']) {
    const command = `${script} ${args} | head -n 1; echo "\${PIPESTATUS[0]}"`
    const child = spawn('bash', ['-c', command], {
      env: { PATH: process.env.PATH, TRAINYARD_URL: proxy.url, TRAINYARD_KEY: deployment.key },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', text => {
        texts[name] += text
      })
    }
    await once(child, 'close')
    const lines = texts.stdout.trim().split('\n')
    assert.equal(lines.length, 2, texts.stdout)
    // a short output may be written before the reader has left
    assert.ok(['0', String(exitCodes.closedPipe)].includes(lines[1]!), lines[1])
    assert.match(texts.stderr, /^job-\w+ \(restarted\)\n$/)
  }
})

/** What a terminal shows: without codes for colours and the cursor. */
const shown = (text: string) => stripVTControlCharacters(text).replaceAll('\r', '').split('\n')

/** With a sign in place of the character that begins a code. */
const withCodes = (text: string) => text.replaceAll('\x1b', '␛')

test('a terminal of 40 columns has no longer line, and shows curves, a bar and what is next', async () => {
  for (const args of [
    ['watch', 'restarted'],
    ['metrics', 'restarted'],
    ['ls'],
    ['compare', 'restarted', 'long'],
  ]) {
    const { code, stdout } = await runInTerminal(args, 40, options())
    assert.equal(code, exitCodes.done, stdout)
    // ids of stderr are as long as they are
    for (const line of shown(stdout)) {
      if (!/^job-\w{26} /.test(line)) assert.ok(textWidth(line) <= 40, `${args}: ${line}`)
    }
  }
  const { stdout } = await runInTerminal(['watch', 'restarted'], 40, options())
  assert.match(stdout, /█{39}/)
  assert.match(stdout, /[⠁-⣿]{3}/)
  assert.match(withCodes(stdout), /␛\[32msucceeded/)
})

test('without colours there are none, and without UTF-8 curves are ASCII', async () => {
  const noColours = await runInTerminal(['watch', 'restarted'], 80, options({ NO_COLOR: '1' }))
  assert.doesNotMatch(withCodes(noColours.stdout), /␛\[\d*m/)
  assert.match(noColours.stdout, /\* rmse {2}o validationRmse/)
  const ascii = await runInTerminal(['watch', 'restarted'], 80, options({ LC_ALL: 'C' }))
  assert.match(ascii.stdout, /#{60}/)
  assert.doesNotMatch(ascii.stdout, /[⠀-⣿█]/)
  const dumb = await runInTerminal(['watch', 'restarted'], 80, options({ TERM: 'dumb' }))
  assert.doesNotMatch(withCodes(dumb.stdout), /␛/)
  for (const args of [
    ['show', 'restarted'],
    ['ls'],
    ['watch', 'restarted'],
    ['metrics', 'restarted', '-f', 'curves'],
    ['nonsense'],
  ]) {
    const { stdout, stderr } = await trainyard(...args)
    assert.doesNotMatch(withCodes(stdout + stderr), /␛/)
  }
})

test('the live view is drawn over itself until the end', async () => {
  const { id } = await deployment.client.jobs.submit(request('drawn', 300))
  const { code, stdout } = await runInTerminal(['watch', id], 100, options())
  assert.equal(code, exitCodes.done)
  // the cursor goes up to the first line of the view
  assert.match(withCodes(stdout), /␛\[\d+A\r␛\[1mdrawn {2}job-/)
  const last = shown(stdout.slice(stdout.lastIndexOf('\x1b[1mdrawn')))
  assert.match(
    last.join('\n'),
    /succeeded: model drawn, version 1 \(\d+ s\)\n█{60}\n100 % {2}300 of 300 rounds/,
  )
})
