// The commands about data sets, against a real server: interrupted, cut off, with wrong files and narrow terminals.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { packageFolder } from '../../src/places.js'
import { type CuttingProxy, startCuttingProxy } from '../../testing/cutting-proxy.js'
import { eventually, within } from '../../testing/eventually.js'
import { writeDigits, writeLargeImages } from '../../testing/image-folders.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import {
  type RunningCommand,
  runCommand,
  runInTerminal,
  startCommand,
} from '../../testing/trainyard-command.js'

const weather = join(packageFolder, 'node_modules/vega-datasets/data/seattle-weather.csv')
const largeBytes = 60_000_000

let deployment: TestDeployment
let proxy: CuttingProxy
let home: string

before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  proxy = await startCuttingProxy(deployment.url)
  home = await mkdtemp(join(tmpdir(), 'trainyard-cli-'))
  await writeDigits(join(home, 'digits'), 60)
  await writeLargeImages(join(home, 'large'), largeBytes)
})
after(async () => {
  proxy.close()
  await deployment.close()
  await rm(home, { recursive: true })
})

const options = () => ({ url: deployment.url, key: deployment.key, home })
const trainyard = (...args: string[]) => runCommand(args, options())

test('a folder of images becomes a data set, and what is not sent is said', async () => {
  await writeFile(join(home, 'digits', '.DS_Store'), 'x')
  await writeFile(join(home, 'digits', '3', 'notes.docx'), 'x')
  await writeFile(join(home, 'digits', '3', 'photo.heic'), 'x')
  await symlink('../4', join(home, 'digits', '3', 'four'))
  const { code, stdout, stderr } = await trainyard('datasets', 'push', 'digits')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /left out: 1 file \(hidden files and files of the system\): \.DS_Store/)
  assert.match(stderr, /left out: 1 file \(files that are no images\): 3\/notes\.docx/)
  assert.match(stderr, /left out: 1 file \(images in a format .*convert.*\): 3\/photo\.heic/)
  assert.match(stderr, /left out: 1 file \(symbolic links.*\): 3\/four/)
  assert.match(stdout, /60 images of 28 x 28 pixels, grey, in 10 classes/)
  assert.match(stdout, /^CLASS +IMAGES$/m)
  assert.match(stderr, /Train on it: trainyard submit --dataset digits --model resnet -w/)
})

test('the same folder again is the same data set, and JSON is all that a script gets', async () => {
  const { code, stdout, stderr } = await trainyard('datasets', 'push', 'digits', '--json')
  assert.equal(code, 0, stderr)
  const { name, records, created } = JSON.parse(stdout)
  assert.deepEqual({ name, records, created }, { name: 'digits', records: 60, created: false })
  assert.match(stderr, /The same content was there already: nothing is stored twice\./)
})

test('a table gets its target, and options of the server', async () => {
  const pushed = await trainyard(
    ...['datasets', 'push', weather, '--name', 'weather', '--target', 'weather'],
    ...['--set', 'splits.val=0.2', '--set', 'schema.wind=number'],
  )
  assert.equal(pushed.code, 0, pushed.stderr)
  assert.match(pushed.stdout, /1,461 rows, 6 columns/)
  assert.match(pushed.stdout, /target: weather/)
  assert.match(pushed.stdout, /splits: train 1,169, val 292/)
  assert.match(pushed.stdout, /columns hold dates or times/)
  assert.match(pushed.stderr, /submit --dataset weather --model boosting -w/)
})

/** The bytes of the largest upload on the server. */
async function arrivedBytes(): Promise<number> {
  const folder = join(deployment.folder, 'uploads')
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return Math.max(0, ...sizes)
}

/** Lets no more answers through once so many bytes have arrived. */
async function stallAfter(bytes: number, { stderr }: RunningCommand): Promise<void> {
  await eventually(`${bytes} bytes of the upload`, async () => (await arrivedBytes()) > bytes, {
    intervalMs: 1,
  })
  proxy.stall()
  const arrived = await arrivedBytes()
  assert.ok(arrived < largeBytes, `the upload has ended before it was cut: ${stderr()}`)
}

test('an upload goes on after its connection was cut and after a restart of the server', async () => {
  const running = startCommand(['datasets', 'push', 'large', '--set', 'resize=32'], {
    ...options(),
    url: proxy.url,
  })
  await stallAfter(2_000_000, running)
  proxy.cut()
  await stallAfter(12_000_000, running)
  await deployment.stop()
  proxy.cut()
  await eventually('word of the loss', () => running.stderr().includes('tried again for ten'))
  await deployment.start()
  proxy.target = deployment.url
  const { code, stdout, stderr } = await within('the data set', running.ended)
  assert.equal(code, 0, stderr)
  assert.match(
    stderr,
    /tried again for ten minutes \(Ctrl-C ends it, and the same command goes on\)/,
  )
  assert.match(stderr, /the server answers again/)
  assert.match(stdout, /images of 32 x 32 pixels, colour, in 2 classes/)
  assert.equal(await arrivedBytes(), 0, 'nothing of the upload is left')
})

test('after Ctrl-C, the same command goes on where it was', async () => {
  await trainyard('datasets', 'rm', 'large')
  const args = ['datasets', 'push', 'large', '--set', 'resize=32']
  const first = startCommand(args, { ...options(), url: proxy.url })
  await stallAfter(4_000_000, first)
  first.child.kill('SIGINT')
  const stopped = await within('the end of the command', first.ended)
  assert.equal(stopped.code, 130)
  assert.match(
    stopped.stderr,
    /stopped\. .* have arrived, and are kept for a day: the same command/,
  )
  proxy.cut()
  const again = await runCommand(args, { ...options(), url: proxy.url })
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stderr, /goes on: .*MiB of large\.tar have arrived before/)
  assert.match(again.stdout, /images of 32 x 32 pixels/)
})

test('wrong options are told before anything is sent', async () => {
  const refused = await trainyard('datasets', 'push', 'large', '--set', 'splits.val=2')
  assert.equal(refused.code, 6)
  assert.match(refused.stderr, /splits has 2 for val, expected a share between 0 and 1/)
  assert.equal(await arrivedBytes(), 0)
  const unknown = await trainyard('datasets', 'push', 'large', '--set', 'size=3')
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /there is no option 'size'; there are labels, height/)
})

test('an image that is damaged is named with its place, and can be left out', async () => {
  const folder = join(home, 'damaged')
  const [first] = await writeDigits(folder, 20)
  await writeFile(first!.path, (await readFile(first!.path)).subarray(0, 90))
  const refused = await trainyard('datasets', 'push', 'damaged')
  assert.equal(refused.code, 6)
  assert.match(refused.stderr, /damaged\/5\/0\.png: .*PNG.*\(DATASET_IMAGE\)/)
  assert.match(refused.stderr, /--set onError=skip/)
  const set = ['--set', 'onError=skip', '--set', 'maxSkipped=0.1']
  const pushed = await trainyard('datasets', 'push', 'damaged', ...set)
  assert.equal(pushed.code, 0, pushed.stderr)
  assert.match(pushed.stdout, /Left out, since they cannot be used: 1\n +- .*0\.png/)
})

test('what cannot become a data set is refused before it is sent', async () => {
  await writeDigits(join(home, 'flat-source'), 3)
  const flat = join(home, 'flat-source', '5')
  const noClasses = await trainyard('datasets', 'push', flat)
  assert.equal(noClasses.code, 2)
  assert.match(noClasses.stderr, /nothing says the classes of the 1 images .*\/roses\/0\.png/)
  const nothing = await trainyard('datasets', 'push', 'nowhere')
  assert.deepEqual([nothing.code, nothing.stdout], [2, ''])
  assert.match(nothing.stderr, /there is no file or folder 'nowhere'/)
  const wrongKey = await runCommand(['datasets', 'push', 'digits'], { ...options(), key: 'no' })
  assert.equal(wrongKey.code, 4)
})

test('data sets are listed, shown, compared, looked into, pulled and deleted', async () => {
  const listed = await trainyard('datasets', 'ls')
  assert.match(listed.stdout, /^NAME .*\n(.*\n)*digits +images +60 +28x28, 10 classes/m)
  const found = JSON.parse((await trainyard('datasets', 'ls', '--kind', 'table', '--json')).stdout)
  assert.deepEqual(
    found.map(({ name }: { name: string }) => name),
    ['weather'],
  )

  const rows = await trainyard('datasets', 'samples', 'weather', '-n', '3', '--column', 'wind')
  assert.match(rows.stdout, /^ROW .*wind$/m)
  const images = await trainyard('datasets', 'samples', 'digits', '-n', '4', '-o', 'seen')
  assert.match(images.stderr, /saved 4 images to seen/)
  const saved = await readdir(join(home, 'seen'), { recursive: true })
  assert.equal(saved.filter(name => name.endsWith('.png')).length, 4)

  const pulled = await trainyard('datasets', 'pull', 'weather', '-f', 'csv', '-o', 'again.csv')
  assert.equal(pulled.code, 0, pulled.stderr)
  assert.match(pulled.stderr, /columns of text are not stored, so the file has no date/)
  const csv = await readFile(join(home, 'again.csv'), 'utf8')
  assert.equal(csv.trim().split('\n').length, 1462)
  const twice = await trainyard('datasets', 'pull', 'weather', '-f', 'csv', '-o', 'again.csv')
  assert.equal(twice.code, 2)
  assert.match(twice.stderr, /'again\.csv' is there already; --force replaces it/)
  const piped = await trainyard('datasets', 'pull', 'weather', '-o', '-')
  assert.equal(piped.stdout, csv)

  await trainyard('datasets', 'push', 'again.csv', '--name', 'weather')
  const diff = await trainyard('datasets', 'diff', 'weather')
  assert.match(diff.stdout, /^- weather ds-.*: 1,461 records\n\+ weather ds-/)
  assert.match(diff.stdout, /- column date/)

  const removed = await trainyard('datasets', 'rm', 'damaged')
  assert.equal(removed.stdout, 'deleted damaged\n')
  const gone = await trainyard('datasets', 'show', 'damaged')
  assert.equal(gone.code, 5)
  assert.match(gone.stderr, /`trainyard datasets ls` lists the data sets/)
})

const noTerminal = spawnSync('script', ['--version']).error && 'util-linux is not installed here'

test('a terminal of 40 columns shows the columns that fit', { skip: noTerminal }, async () => {
  const listed = await runInTerminal(['datasets', 'ls'], 40, options())
  const lines = visible(listed.stdout).split(/\r?\n/)
  assert.ok(
    lines.some(line => /^digits +60/.test(line)),
    listed.stdout,
  )
  for (const line of lines) assert.ok(line.length <= 40, line)
  const shown = await runInTerminal(['datasets', 'show', 'weather'], 40, options())
  for (const line of visible(shown.stdout).split(/\r?\n/)) {
    assert.ok(line.length <= 40 || !line.trim().includes(' '), line)
  }
})

/** Without the escape sequences of colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what begins them
const visible = (text: string) => text.replace(/\x1b\[[\d;]*[A-Za-z]/g, '')
