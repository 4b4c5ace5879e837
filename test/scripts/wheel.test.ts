import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { spawnScript, waitForOutput } from './scripts.js'
import { zipArchive } from './zip-file.js'

let folder: string
let cache: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-wheel-'))
  cache = join(folder, 'cache')
  mkdirSync(cache)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const contents = zipArchive({ 'some/lib/lib.so': 'machine code', 'some/test.py': 'not wanted' })

/** Installs a wheel with a fake pip. The fake pip runs `script`, which by default copies `served`. */
function install(
  served: Buffer,
  { script = 'cp "$SERVED" "$dest/some-1.0-py3-none-any.whl"', unpackedBytes = 1 } = {},
) {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(folder, 'served'), served)
  const pip = `#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done; dest=$2\n${script}\n`
  writeFileSync(join(bin, 'python3'), pip)
  chmodSync(join(bin, 'python3'), 0o755)
  const sha256 = createHash('sha256').update(contents).digest('hex')
  return waitForOutput(
    spawnScript(
      `const { installWheels } = await script('setup/wheel.mjs')
       const { main } = await script('setup/failure.mjs')
       const wheel = { project: 'some', version: '1.0', file: 'some-1.0-py3-none-any.whl', bytes: 300,
         sha256: ${JSON.stringify(sha256)}, wanted: /^some\\/lib\\// }
       const group = { wheels: [wheel], unpackedBytes: ${unpackedBytes} }
       await main(() => installWheels(group, ${JSON.stringify(join(cache, 'some-1.0'))}, ${JSON.stringify(cache)}))`,
      { SERVED: join(folder, 'served'), PATH: `${bin}${delimiter}${process.env.PATH}` },
    ),
  )
}

const cacheContent = () => readdirSync(cache, { recursive: true, encoding: 'utf8' }).sort()

test('only the wanted files of a wheel are unpacked, and the wheel is deleted', async () => {
  const { status, output } = await install(contents)
  assert.equal(status, 0, output)
  const library = join('some-1.0', 'some', 'lib', 'lib.so')
  assert.equal(readFileSync(join(cache, library), 'utf8'), 'machine code')
  assert.ok(!existsSync(join(cache, 'some-1.0', 'some', 'test.py')))
  assert.deepEqual(
    cacheContent().filter(name => !name.startsWith('some-1.0')),
    ['downloads'],
  )
})

test('a wheel with a wrong checksum is refused and deleted, and the next run recovers', async () => {
  const { status, output } = await install(zipArchive({ 'some/lib/lib.so': 'something else' }))
  assert.equal(status, 1)
  assert.match(output, /has the wrong checksum[\s\S]*expected some-1\.0[\s\S]*deleted/)
  assert.doesNotMatch(output, /\n\s+at /)
  assert.deepEqual(cacheContent(), ['downloads'])
  assert.equal((await install(contents)).status, 0)
})

test('a failed download is reported with the error of pip and a hint', async () => {
  const { status, output } = await install(contents, {
    script: 'echo "ERROR: connection refused" >&2; exit 1',
  })
  assert.equal(status, 1)
  assert.match(output, /could not download some 1\.0:\s+ERROR: connection refused/)
  assert.match(output, /pip config list/)
  assert.deepEqual(cacheContent(), ['downloads'])
})

test('a disk without enough space is reported before the download', async () => {
  const { status, output } = await install(contents, { unpackedBytes: 1e18 })
  assert.equal(status, 1)
  assert.match(output, /too full: .*needs 1,000,000,000,\d+ MB, [\d,]+ MB are free/)
})
