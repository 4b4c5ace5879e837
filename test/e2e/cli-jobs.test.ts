// Commands about jobs, against a real server: from a file, from options, by names, with wrong input.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { scriptPath } from '../../src/places.js'
import type { Job } from '../../src/spec/job.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { mnistSample } from '../../testing/mnist.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { type CommandOptions, runCommand } from '../../testing/trainyard-command.js'
import { untar } from '../../testing/untar.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
let home: string

before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  await uploadTable(deployment, 'wine')
  home = await mkdtemp(join(tmpdir(), 'trainyard-cli-'))
})
after(async () => {
  await deployment.close()
  await rm(home, { recursive: true })
})

const run = (args: readonly string[], more: Partial<CommandOptions> = {}) =>
  runCommand(args, { url: deployment.url, key: deployment.key, home, ...more })
const trainyard = (...args: string[]) => run(args)

const wine = ['--dataset', 'wine', '--model', 'boosting']

async function submit(...args: string[]): Promise<Job> {
  const { code, stdout, stderr } = await trainyard('submit', ...wine, ...args, '--json')
  assert.equal(code, exitCodes.done, stderr)
  return JSON.parse(stdout)
}

test('the sessions of docs/cli.md work when pasted', async () => {
  // `npx trainyard` of a clone
  const bin = join(home, 'bin')
  await mkdir(bin)
  const script = scriptPath('src/cli/main')
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`
  await writeFile(join(bin, 'trainyard'), shim, { mode: 0o755 })
  await symlink(resolve('node_modules'), join(home, 'node_modules'))
  for (const { code } of blocksRunBy('test/e2e/cli-jobs.test.ts', 'docs/cli.md')) {
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', code], {
      cwd: home,
      env: {
        ...{ PATH: `${bin}:${process.env.PATH}`, HOME: home },
        ...{ TRAINYARD_URL: deployment.url, TRAINYARD_KEY: deployment.key },
      },
    })
  }
  const swept = JSON.parse(await readFile(join(home, 'jobs.json'), 'utf8')) as Job[]
  assert.deepEqual(
    swept.map(({ name }) => name),
    ['depth-6', 'depth-4', 'depth-2'],
  )
  const files = (await untar(createReadStream(join(home, 'rain.tar')))).map(({ name }) => name)
  assert.ok(
    files.some(name => name.endsWith('/model.ubj')),
    files.join(),
  )
})

test('options change what a file says, and --set changes both', async () => {
  const job = { name: 'of-file', model: { kind: 'boosting' }, dataset: 'wine', labels: { a: 'b' } }
  const args = ['submit', '-', '--name', 'of-option', '--set', 'model.rounds=7', '--label', 'n=1']
  const { code, stdout, stderr } = await run(args, { input: JSON.stringify(job) })
  assert.equal(code, exitCodes.done, stderr)
  const { request } = await deployment.client.jobs.get(stdout.trim())
  assert.deepEqual(request, {
    ...{ name: 'of-option', dataset: 'wine', labels: { a: 'b', n: '1' } },
    model: { kind: 'boosting', rounds: 7 },
  })
  assert.match(stderr, /^of-option: boosting on wine, 7 rounds\n/)
  assert.match(stderr, new RegExp(`Follow it: trainyard watch ${stdout.trim()}\n$`))
})

test('a dry run shows the plan, and makes no job', async () => {
  const before = await deployment.client.jobs.list()
  const args = ['submit', ...wine, '--set', 'model.rounds=7', '--dry-run']
  const { code, stdout } = await trainyard(...args)
  assert.equal(code, exitCodes.done)
  assert.match(stdout, /\(a dry run: nothing was submitted\)/)
  assert.match(stdout, /^steps +7 rounds$/m)
  assert.match(stdout, /^memory +about \d+ MiB: engine/m)
  const plan = JSON.parse((await trainyard(...args, '--json')).stdout)
  assert.deepEqual([plan.dryRun, plan.steps], [true, 7])
  assert.equal((await deployment.client.jobs.list()).total, before.total)
})

test('submissions with one idempotency key are one job', async () => {
  const key = ['--idempotency-key', 'once', '--name', 'once']
  const [first, second] = await Promise.all([submit(...key), submit(...key)])
  assert.equal(first.id, second.id)
  const { code, stderr } = await trainyard('submit', ...wine, ...key, '--set', 'model.rounds=9')
  assert.equal(code, exitCodes.refused)
  assert.match(stderr, /IDEMPOTENCY_KEY_REUSED/)
})

test('a job is found by its id, a beginning of it, its name and latest', async () => {
  const older = await submit('--name', 'twin')
  const newer = await submit('--name', 'twin')
  const idOf = async (reference: string) => {
    const { stdout, stderr } = await trainyard('show', reference, '--json')
    return { id: JSON.parse(stdout).id, stderr }
  }
  assert.deepEqual(await idOf(older.id), { id: older.id, stderr: '' })
  assert.deepEqual(await idOf(older.id.slice(0, 20)), { id: older.id, stderr: '' })
  assert.deepEqual(await idOf('twin'), {
    id: newer.id,
    stderr: `${newer.id} (twin, the newest of 2 jobs of this name)\n`,
  })
  assert.equal((await idOf('latest')).id, newer.id)

  const ambiguous = await trainyard('cancel', 'job-0')
  assert.equal(ambiguous.code, exitCodes.usage)
  assert.match(ambiguous.stderr, /'job-0' is the beginning of \d+ ids; name one of them:\n {2}job-/)
  const unknown = await trainyard('show', 'twim')
  assert.equal(unknown.code, exitCodes.notFound)
  assert.equal(unknown.stderr, "trainyard: there is no job 'twim'; did you mean twin?\n")
})

test('a job that fails ends watch with 7, and says what helps', async () => {
  await deployment.client.datasets.push('digits', await mnistSample(200))
  const { code, stdout, stderr } = await trainyard(
    ...['submit', '--model', 'resnet', '--dataset', 'digits', '--name', 'diverged', '-w'],
    ...[
      '--set',
      'model={"kind":"resnet","depth":8}',
      '--set',
      'training.steps=60',
      '--set',
      'training.batchSize=16',
    ],
    ...['--set', 'training.learningRate=100', '--set', 'training.optimizer.kind=sgd'],
  )
  assert.equal(code, exitCodes.jobFailed, stderr)
  assert.match(stdout, /failed, nan_loss\n$/)
  assert.match(stderr, /diverged \(job-\w+\) failed: .*\(nan_loss\)\nLower the learning rate/)
  const shown = await trainyard('show', 'diverged')
  assert.match(shown.stdout, /^cure +Lower the learning rate/m)
  assert.match(shown.stdout, /^See what happened: trainyard logs job-/m)
})

test('many jobs are cancelled, retried and removed together, and each says what became of it', async () => {
  const jobs = await Promise.all(
    ['a', 'b'].map(name =>
      submit('--name', name, '--label', 'group=pair', '--set', 'model.rounds=50000'),
    ),
  )
  const ids = jobs.map(({ id }) => id).sort()
  const unasked = await trainyard('cancel', '--label', 'group=pair')
  assert.equal(unasked.code, exitCodes.usage)
  assert.match(unasked.stderr, /cancel 2 jobs\? Add --yes/)
  const cancelled = await trainyard('cancel', '--label', 'group=pair', '--yes', '--json')
  assert.deepEqual(
    JSON.parse(cancelled.stdout)
      .items.map(({ id }: Job) => id)
      .sort(),
    ids,
  )
  for (const id of ids) assert.equal((await trainyard('watch', id)).code, exitCodes.jobCancelled)
  const paused = await trainyard('pause', 'a', 'b')
  assert.equal(paused.code, exitCodes.refused)
  assert.equal(paused.stderr.match(/\(JOB_ENDED\)/g)?.length, 2)
  assert.match((await trainyard('retry', 'a')).stdout, /^job-\w+ {2}queued\n$/)
  assert.equal((await trainyard('cancel', 'a')).code, exitCodes.done)
  await trainyard('watch', 'a')
  assert.equal((await trainyard('rm', ...ids)).stdout, ids.map(id => `${id}  removed\n`).join(''))
  assert.match((await trainyard('ls', '--label', 'group=pair')).stderr, /No job matches\./)
})

test('lists are filtered, sorted, limited, and have all pages', async () => {
  const { total } = await deployment.client.jobs.list()
  const all = JSON.parse((await trainyard('ls', '--all', '--json')).stdout)
  assert.equal(all.length, total)
  const first = await trainyard('ls', '-n', '1')
  assert.match(first.stdout, /^JOB +NAME +STATUS/)
  assert.match(first.stderr, new RegExp(`1 of ${total} jobs; `))
  const sorted = JSON.parse(
    (await trainyard('ls', '--sort', 'best.validationMlogloss', '--where', 'name^=depth', '--json'))
      .stdout,
  ) as Job[]
  const losses = sorted.map(({ best }) => best.validationMlogloss!.value)
  assert.deepEqual(
    losses,
    [...losses].sort((a, b) => a - b),
  )
})

test('metrics are a table, CSV or JSON, and jobs are compared', async () => {
  const { points } = JSON.parse((await trainyard('metrics', 'rain', '--json')).stdout)
  assert.equal(points.mlogloss.length, 60)
  const table = await trainyard('metrics', 'rain', '--names', 'mlogloss', '--from-step', '59')
  assert.match(table.stdout, /^ {4}step +mlogloss\n {6}59 +0\.\d+\n {6}60 +0\.\d+\n$/)
  const csv = await trainyard('metrics', 'rain', '-f', 'csv')
  assert.match(csv.stdout, /^step,time,/)
  const compared = JSON.parse((await trainyard('compare', 'rain', 'deeper', '--json')).stdout)
  assert.deepEqual(compared.settings['model.maxDepth'], [6, 9])
  const [rain, deeper] = compared.metrics.validationMlogloss
  assert.equal(compared.best.validationMlogloss, rain < deeper ? 0 : 1)
})

for (const [args, code, message] of [
  [['submit'], exitCodes.usage, /no job: name a file/],
  [['submit', 'none.json'], exitCodes.usage, /cannot read none\.json: there is no such file/],
  [['submit', ...wine, '--set', 'x'], exitCodes.usage, /expected a path and a value/],
  [['submit', ...wine, '--set', 'model.round=3'], exitCodes.refused, /unknown field 'round'/],
  [['submit', '--dataset', 'none', '--model', 'vgg'], exitCodes.refused, /there is no data set/],
  [['subnit'], exitCodes.usage, /unknown command 'subnit'\n\(Did you mean submit\?\)/],
  [['ls', '--stats', 'x'], exitCodes.usage, /unknown option '--stats'/],
  [['ls', '--status', 'done'], exitCodes.usage, /'done' is no state of a job; expected queued/],
  [['ls', '-n', '0'], exitCodes.usage, /Expected a whole number from 1/],
  [['compare', 'rain'], exitCodes.usage, /name two jobs or more/],
  [
    ['checkpoints', 'rain', '-d', '7'],
    exitCodes.notFound,
    /has no checkpoint '7'; it has those at/,
  ],
  [['cancel'], exitCodes.usage, /which jobs\?/],
  [['ls', '--key', 'wrong'], exitCodes.notAllowed, /trainyard login/],
  [['ls', '--url', 'http://127.0.0.1:9', '--key', 'k'], exitCodes.unreachable, /127\.0\.0\.1:9/],
  [['ls', '--url', 'ftp://x'], exitCodes.usage, /is no URL of a server/],
] as const) {
  test(`trainyard ${args.join(' ')} ends with ${code} and says why`, async () => {
    const result = await trainyard(...args)
    assert.match(result.stderr, message)
    assert.equal(result.code, code)
    assert.equal(result.stdout, '')
  })
}
