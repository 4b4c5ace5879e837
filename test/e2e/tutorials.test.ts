import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { PNG } from 'pngjs'
import { scriptPath } from '../../src/places.js'
import { needsDataWitnesses, pythonEnvironment } from '../../testing/data-witnesses.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let deployment: TestDeployment
let folder: string
before(async () => {
  deployment = await TestDeployment.open()
  folder = await mkdtemp(join(tmpdir(), 'tutorial-'))
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data', 'key'), deployment.key)
})
after(async () => {
  await deployment.close()
  await rm(folder, { recursive: true, force: true })
})

const noCurl = spawnSync('curl', ['--version']).error && 'curl is not installed here'
const skip = noCurl || needsDataWitnesses.skip

/** `npx trainyard` runs the script that has just been built. */
const prelude = 'npx() { shift; node "$CLI_SCRIPT" "$@"; }\n'

/** Runs the commands of a page as a reader does who pastes them all, and returns what they print. */
async function runPage(path: string): Promise<string> {
  const blocks = blocksRunBy('test/e2e/tutorials.test.ts', path).map(({ code }) => code)
  assert.ok(blocks.length > 3, path)
  const script = blocks.join('\n')
  assert.match(script, /URL=http:\/\/127\.0\.0\.1:8080/)
  const { stdout } = await promisify(execFile)(
    'bash',
    [
      '--norc',
      '-euo',
      'pipefail',
      '-c',
      prelude + script.replace('http://127.0.0.1:8080', deployment.url),
    ],
    {
      cwd: folder,
      env: {
        ...pythonEnvironment(),
        CLI_SCRIPT: scriptPath('src/cli/main'),
        TRAINYARD_URL: deployment.url,
        TRAINYARD_KEY: deployment.key,
        XDG_CONFIG_HOME: join(folder, 'config'),
      },
      maxBuffer: 64 << 20,
    },
  )
  return stdout
}

/** The JSON objects in a text, outermost first. */
function jsonIn(text: string) {
  const found = []
  for (let start = text.indexOf('{'); start >= 0; ) {
    const end = endOfObject(text, start)
    try {
      found.push(JSON.parse(text.slice(start, end)))
    } catch {
      // another text in braces
    }
    start = text.indexOf('{', end)
  }
  return found
}

function endOfObject(text: string, start: number): number {
  let depth = 0
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') depth++
    if (token === '}' && --depth === 0) return start + index + 1
  }
  return text.length
}

test('every command of "Your own table in five minutes" works', { skip }, async () => {
  const output = await runPage('docs/own-table.md')
  const answers = jsonIn(output)
  for (const { status, detail } of answers) assert.ok(!(status >= 400), detail)
  const predictions = answers.filter(({ predictions }) => predictions)
  assert.deepEqual(
    predictions[0].predictions.map(({ label }: { label: string }) => label),
    ['rain', 'sun'],
  )
  assert.equal(predictions[1].predictions.length, 3)
  const sets = answers.filter(({ id }) => /^ds-/.test(id))
  assert.deepEqual(
    sets.map(({ name, records, columns }) => [name, records, columns.length]),
    [
      ['my-weather', 1461, 6],
      ['my-weather-by-month', 1461, 6],
    ],
  )
  assert.match(output, /"status":"succeeded"/)
  const parquet = await readFile(join(folder, 'stored.parquet'))
  assert.equal(parquet.subarray(0, 4).toString(), 'PAR1')
})

test('every command of "Your own images in five minutes" works', { skip }, async () => {
  const output = await runPage('docs/own-images.md')
  const answers = jsonIn(output)
  for (const { status, detail } of answers) assert.ok(!(status >= 400), detail)
  const set = answers.find(({ id }) => /^ds-/.test(id))
  assert.deepEqual([set.records, set.height, set.width, set.channels], [240, 32, 32, 3])
  assert.deepEqual(set.labels, ['circle', 'square', 'triangle'])
  assert.deepEqual(
    set.splits.map(({ name, records }: { name: string; records: number }) => [name, records]),
    [
      ['train', 180],
      ['val', 60],
    ],
  )
  const samples = answers.find(({ kind, items }) => kind === 'images' && items)
  assert.equal(samples.total, 20)
  assert.match(samples.items[0].source, /shapes\/val\/circle\/\d+\.jpg$/)
  const { predictions } = answers.at(-1)
  assert.equal(predictions[0].label, 'circle')
  const sheet = PNG.sync.read(await readFile(join(folder, 'sheet.png')))
  assert.deepEqual([sheet.height, sheet.width], [3 * 64, 12 * 64])
  assert.equal((await readFile(join(folder, 'stored.zip'))).subarray(0, 2).toString(), 'PK')
})
