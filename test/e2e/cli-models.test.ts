// The commands about models, against a real server with a network and boosted trees.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { tableFromIPC } from 'apache-arrow'
import { PNG } from 'pngjs'
import { scriptPath } from '../../src/places.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { writeDigits } from '../../testing/image-folders.js'
import { mnistSample } from '../../testing/mnist.js'
import { cannotMount, mountSmallDisk } from '../../testing/small-disk.js'
import { readTable, tablePath } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { type CommandOptions, runCommand } from '../../testing/trainyard-command.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
let home: string
let digits: { path: string; label: string }[]
let networkJob: string

before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  home = await mkdtemp(join(tmpdir(), 'trainyard-cli-'))
  digits = await writeDigits(join(home, 'digits'), 40)
  const { client } = deployment
  await client.datasets.push('digits', await mnistSample(400))
  await uploadTable(deployment, 'wine')
  const network = await deployment.train({
    name: 'digits',
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    dataset: 'digits',
    training: { steps: 20, batchSize: 32, checkpointEvery: 10 },
  })
  assert.equal(network.status, 'succeeded', JSON.stringify(network))
  networkJob = network.id
  for (const rounds of [2, 10]) {
    const model = { kind: 'boosting' as const, objective: 'multiclass' as const, rounds }
    const job = await deployment.train({ name: 'wine', model, dataset: 'wine' })
    assert.equal(job.status, 'succeeded', JSON.stringify(job))
  }
})
after(async () => {
  await deployment.close()
  await rm(home, { recursive: true })
})

const trainyard = (args: readonly string[], more: Partial<CommandOptions> = {}) =>
  runCommand(args, { url: deployment.url, key: deployment.key, home, ...more })

/** What a command prints; it must succeed. */
async function printed(args: readonly string[], more: Partial<CommandOptions> = {}) {
  const { code, stdout, stderr } = await trainyard(args, more)
  assert.equal(code, 0, stderr)
  return stdout
}

async function refused(args: readonly string[], more: Partial<CommandOptions> = {}) {
  const { code, stdout, stderr } = await trainyard(args, more)
  assert.equal(stdout, '')
  return { code, stderr }
}

test('the session of docs/cli.md works when pasted', async () => {
  const bin = join(home, 'bin')
  await mkdir(bin)
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${scriptPath('src/cli/main')}' "$@"\n`
  await writeFile(join(bin, 'trainyard'), shim, { mode: 0o755 })
  const environment = {
    ...{ PATH: `${bin}:${process.env.PATH}`, HOME: home },
    ...{ TRAINYARD_URL: deployment.url, TRAINYARD_KEY: deployment.key },
  }
  for (const { code } of blocksRunBy('test/e2e/cli-models.test.ts', 'docs/cli.md')) {
    const options = { cwd: home, env: environment }
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', code], options)
  }
  const csv = await readFile(join(home, 'predictions.csv'), 'utf8')
  assert.equal(csv.trim().split('\r\n').length, 1 + digits.length)
  for (const file of ['digits.zip', 'why.png', 'digits.onnx', 'threes'])
    await access(join(home, file))
})

test('models are listed and shown with their versions, metrics and input', async () => {
  assert.match(await printed(['models', 'ls']), /^wine +2 +boosting/m)
  const card = await printed(['models', 'show', 'digits'])
  assert.match(card, /takes +images of 28 x 28 pixels, grey/)
  assert.match(card, /^validationAccuracy +[\d.]+$/m)
  assert.match(card, /served in (fp32|bf16)/)
  const trees = await printed(['models', 'show', 'wine@1'])
  assert.match(trees, /^wine version 1\n +model +boosting, .*rounds 2,/)
  assert.match(trees, /^COLUMN +GAIN +SPLITS$/m)
  assert.match(await printed(['models', 'versions', 'wine']), / +2 +boosting.*\n.* +1 +boosting/)
  const missing = await refused(['models', 'show', 'nothing'])
  assert.equal(missing.code, 5)
  assert.match(missing.stderr, /there is no model "nothing".*\n`trainyard models ls` lists/)
})

test('images are predicted in the order of the arguments, however many there are', async () => {
  const paths = Array.from({ length: 300 }, (_, i) => digits[(i * 7) % digits.length]!.path)
  const answer = JSON.parse(await printed(['predict', 'digits', ...paths, '--json']))
  assert.deepEqual(
    answer.predictions.map(({ file }: { file: string }) => file),
    paths,
  )
  const { predictions } = await deployment.client.models.predict(
    'digits',
    new Blob([await readFile(paths[299]!)]),
  )
  const { file, ...last } = answer.predictions[299]
  assert.deepEqual([file, last], [paths[299], predictions[0]])
  const table = await printed(['predict', 'digits', 'digits', '-k', '2'])
  const lines = table.trim().split('\n')
  assert.match(lines[0]!, /^FILE +CLASS +PROBABILITY +MOST PROBABLE$/)
  assert.equal(lines.length, 1 + digits.length)
  assert.match(lines[1]!, /^digits\/0\/\d+\.png +\d +[\d.]+ % +\d [\d.]+ %, \d [\d.]+ %$/)
})

test('a checkpoint of a job predicts, too', async () => {
  const [first] = digits
  const args = ['predict', '--job', networkJob, '--checkpoint', '10', first!.path, '--json']
  const { job, step, predictions } = JSON.parse(await printed(args))
  assert.deepEqual([job, step, predictions.length], [networkJob, 10, 1])
})

test('rows come from CSV, JSON, JSON Lines and stdin, with equal predictions', async () => {
  const { columns, rows } = readTable('wine')
  const objects = rows
    .slice(0, 5)
    .map(row => Object.fromEntries(columns.map((name, i) => [name, row[i]])))
  await writeFile(join(home, 'rows.json'), JSON.stringify(objects))
  await writeFile(join(home, 'rows.jsonl'), objects.map(row => JSON.stringify(row)).join('\n'))
  const csv = [columns.join(','), ...rows.slice(0, 5).map(row => row.join(','))].join('\n')
  await writeFile(join(home, 'rows.csv'), csv)
  const values = async (args: string[], input?: string) => {
    const text = await printed(['predict', 'wine', ...args, '--json'], input ? { input } : {})
    const { predictions } = JSON.parse(text) as { predictions: { probabilities: number[] }[] }
    return predictions.map(({ probabilities }) => probabilities)
  }
  const expected = await values(['rows.json'])
  assert.equal(expected.length, 5)
  assert.deepEqual(await values(['rows.jsonl']), expected)
  assert.deepEqual(await values(['rows.csv']), expected)
  assert.deepEqual(await values(['-'], csv), expected)
  const both = await printed(['predict', 'wine', 'rows.csv', 'rows.json'])
  assert.match(both, /^FILE +ROW +CLASS +PROBABILITY\nrows\.csv +0 /)
  assert.match(both, /^rows\.json +4 /m)
})

test('a table of more rows than a request takes is predicted whole, as CSV and Arrow', async () => {
  const [header, ...lines] = (await readFile(tablePath('wine'), 'utf8')).trim().split('\n')
  const many = Array.from({ length: 12_000 }, (_, i) => lines[i % lines.length])
  await writeFile(join(home, 'many.csv'), [header, ...many].join('\n'))
  await printed(['predict', 'wine', 'many.csv', '-o', 'many-predicted.csv'])
  const csv = await readFile(join(home, 'many-predicted.csv'), 'utf8')
  const predicted = csv.trim().split('\r\n')
  assert.equal(predicted.length, 12_001)
  assert.equal(predicted[1], predicted[1 + lines.length * 60])
  await printed(['predict', 'wine', 'many.csv', '-o', 'many.arrow'])
  const table = tableFromIPC(await readFile(join(home, 'many.arrow')))
  assert.equal(table.numRows, 12_000)
  assert.equal(String(table.get(11_999)?.label), predicted[12_000]!.split(',')[0])
  const twice = await refused(['predict', 'wine', 'many.csv', '-o', 'many.arrow'])
  assert.equal(twice.code, 2)
  assert.match(twice.stderr, /'many\.arrow' is there already; --force replaces it/)
})

test('errors name the file and the place in it', async () => {
  const [first] = digits
  await writeFile(join(home, 'half.png'), (await readFile(first!.path)).subarray(0, 90))
  const image = await refused(['predict', 'digits', first!.path, 'half.png'])
  assert.equal(image.code, 6)
  assert.match(image.stderr, /^trainyard: half\.png: .*cannot be decoded.*\(UNDECODABLE_IMAGE\)\n$/)
  await writeFile(join(home, 'wrong.csv'), 'alcohol,age\n12,3\n')
  const column = await refused(['predict', 'wine', 'wrong.csv'])
  assert.equal(column.code, 6)
  assert.match(column.stderr, /wrong\.csv: row 0: there is no column "age".*\n.*--ignore-unknown/)
  await printed(['predict', 'wine', 'wrong.csv', '--ignore-unknown-columns'])
  const table = await refused(['predict', 'digits', 'wrong.csv'])
  assert.match(table.stderr, /wrong\.csv is a table, and the model predicts from images/)
  const nothing = await refused(['predict', 'digits', 'nowhere.png'])
  assert.deepEqual(nothing, { code: 2, stderr: "trainyard: there is no file 'nowhere.png'\n" })
})

test('an image is explained by a picture, and a row by its columns', async () => {
  const [first] = digits
  const said = await printed(['explain', 'digits', first!.path, '--target', '5'])
  assert.match(said, /^0\.explained\.png \(.*\) shows what speaks for '5'/)
  const picture = PNG.sync.read(await readFile(join(home, '0.explained.png')))
  assert.deepEqual([picture.width, picture.height], [28, 28])
  const rows = await printed(['explain', 'wine', tablePath('wine')])
  assert.match(rows, /^row 0: what speaks for '\d'\nCOLUMN +ADDS\n\w+ +[+-]/)
})

test('a model is exported to a file that it never replaces', async () => {
  assert.match(await printed(['export', 'digits']), /^digits-1\.onnx \([\d.]+ KiB\)\n$/)
  const again = await refused(['export', 'digits'])
  assert.equal(again.code, 2)
  await printed(['export', 'digits', '--force'])
  assert.match(await printed(['export', 'wine@1', '-f', 'xgboost']), /^wine-1\.ubj/)
  assert.match(
    await printed(['export', 'digits', '-f', 'savedmodel']),
    /^digits-1\.savedmodel\.tar/,
  )
  const noSavedModel = await refused(['export', 'wine', '-f', 'savedmodel'])
  assert.match(noSavedModel.stderr, /has no SavedModel; use onnx, xgboost or json/)
  const unknown = await refused(['export', 'digits', '-f', 'pickle'])
  assert.match(unknown.stderr, /--format is 'pickle', expected onnx, savedmodel, tfjs,/)
})

test('a full disk is named, and nothing is left of the file', async t => {
  const disk = await mountSmallDisk(t, { megabytes: 1 })
  if (!disk) return t.skip(cannotMount)
  await disk.fill()
  const path = join(disk.folder, 'digits.onnx')
  const { code, stderr } = await refused(['export', 'digits', '-o', path])
  assert.equal(code, 2)
  assert.ok(stderr.includes(`${path} cannot be written: the disk is full`), stderr)
  assert.deepEqual(await readdir(disk.folder), ['filler'])
})

test('a version is promoted if conditions hold, and rolled back', async () => {
  const first = await printed(['models', 'promote', 'wine', '1', '--reason', 'the first'])
  assert.match(first, /^wine@production is version 1\n$/)
  const held = await printed([
    'models',
    'promote',
    'wine',
    '--if',
    'mlogloss<=',
    '--if',
    'step > 5',
  ])
  assert.match(
    held,
    /^wine@production is version 2 \(before: 1\)\n +holds: mlogloss <= production\.mlogloss/,
  )
  const worse = await refused(['models', 'promote', 'wine', '1', '--if', 'step > 5'])
  assert.equal(worse.code, 6)
  assert.match(worse.stderr, /step > 5' does not hold: it is 2 of version 1/)
  const back = await printed(['models', 'rollback', 'wine'])
  assert.equal(back, 'wine@production is version 1\n')
  assert.match(await printed(['models', 'alias', 'wine']), /^production +1 /m)
  await printed(['models', 'alias', 'wine', 'candidate', '2'])
  const named = JSON.parse(await printed(['models', 'show', 'wine@candidate', '--json']))
  assert.deepEqual([named.version, named.aliases], [2, ['candidate']])
})

test('a version is deleted, unless an alias leads to it', async () => {
  const bare = await refused(['models', 'rm', 'wine'])
  assert.equal(bare.code, 2)
  assert.match(bare.stderr, /name a version to delete, as wine@3, or --all/)
  const used = await refused(['models', 'rm', 'wine@2'])
  assert.equal(used.code, 6)
  assert.match(used.stderr, /alias 'candidate' names version 2.*\n.*--move-aliases-to VERSION/)
  const deleted = await printed(['models', 'rm', 'wine@2', '--aliases'])
  assert.match(deleted, /^deleted wine version 2: .* are free again\n +candidate: deleted\n$/)
})

test('weights are pushed, listed and deleted', async () => {
  await printed(['export', 'digits', '-f', 'checkpoint', '-o', 'digits.tar'])
  await promisify(execFile)('tar', ['-xf', 'digits.tar'], { cwd: home })
  const files = (await readdir(home, { recursive: true })).filter(name => /\.ckpt\./.test(name))
  const pushed = await printed(['weights', 'push', ...files, '-n', 'from-digits'])
  assert.match(pushed, /^from-digits {2}wt-[0-9a-f]{16}: \d+ tensors\n$/)
  assert.match(await printed(['weights', 'ls']), /^from-digits /m)
  assert.match(await printed(['weights', 'rm', 'from-digits']), /^deleted from-digits/)
})
