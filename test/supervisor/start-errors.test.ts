import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { cannotMount, mountSmallDisk } from '../../testing/small-disk.js'
import { tempFolder } from '../../testing/temp-folder.js'

const dist = join(import.meta.dirname, '../..')
const scripts = {
  trainyard: 'src/supervisor/main.js',
  api: 'src/api/main.js',
  worker: 'workers/worker.js',
}

for (const [name, script] of Object.entries(scripts)) {
  test(`${script} refuses a data folder of a newer format with one line`, async t => {
    const folder = await tempFolder(t)
    await writeFile(join(folder, 'format.json'), '{"formatVersion":99}')
    const child = spawn(process.execPath, [join(dist, script)], {
      env: {
        ...process.env,
        TRAINYARD_DATA: folder,
        TRAINYARD_PORT: '0',
        // No server listens there. A supervisor without REDIS_URL would start a Redis of its own.
        ...(name === 'trainyard' ? { REDIS_URL: '' } : { REDIS_URL: 'redis://127.0.0.1:1' }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.match(
      output,
      new RegExp(`^${name}: the data folder .* has format version 99, this Trainyard knows .*\n$`),
    )
    assert.equal(code, 1)
    assert.deepEqual((await readdir(folder)).sort(), ['.staging', 'format.json'])
  })
}

/** Runs `npm start` without set-up until it ends, and returns its exit code and what it printed as errors. */
async function failToStart(settings: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [join(dist, 'src/supervisor/start.js')], {
    env: { ...process.env, TRAINYARD_PORT: '0', REDIS_URL: '', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { output, code }
}

test('each thing that keeps the server from starting is one line with its cure', async t => {
  const folder = await tempFolder(t)
  const file = join(folder, 'file')
  await writeFile(file, '')
  await symlink('/nowhere', join(folder, 'link'))
  const cannotUse = 'trainyard: cannot use the data folder .*'
  const cases: [settings: NodeJS.ProcessEnv, expected: string][] = [
    [
      { TRAINYARD_DATA: file },
      `${cannotUse}${file} is not a folder \\(ENOTDIR\\); .*TRAINYARD_DATA`,
    ],
    [{ TRAINYARD_DATA: join(file, 'data', 'x') }, `${cannotUse}${file} is not a folder .*`],
    [{ TRAINYARD_DATA: join(folder, 'link') }, `${cannotUse}cannot be created .*`],
    // there, Node's own recursive mkdir never ends
    [{ TRAINYARD_DATA: '/proc/data/x' }, `${cannotUse}cannot be created .*`],
    [
      {
        TRAINYARD_DATA: join(folder, 'data'),
        REDIS_URL: `unix://user:secret@localhost${file}/sock`,
      },
      'trainyard: cannot use the Redis of REDIS_URL at unix://.*/sock: .*; start it or .*',
    ],
    [
      { TRAINYARD_DATA: join(folder, 'data-2'), PATH: folder },
      'trainyard: redis-server does not .*',
    ],
  ]
  const results = cases.map(async ([settings, expected]) => {
    const { output, code } = await failToStart(settings)
    assert.match(output, new RegExp(`^${expected}\n$`))
    assert.equal(code, 1)
  })
  await Promise.all(results)
})

test('so is a full disk, and one that is mounted read-only', async t => {
  const disk = await mountSmallDisk(t, { megabytes: 2 })
  if (!disk) return t.skip(cannotMount)
  await chmod(disk.folder, 0o700)
  await disk.fill()
  const full = await failToStart({ TRAINYARD_DATA: disk.folder })
  assert.match(
    full.output,
    /^trainyard: cannot use .*: its disk is full \(ENOSPC\); free some .*\n$/,
  )
  assert.equal(full.code, 1)
  await promisify(execFile)('mount', ['-o', 'remount,ro', disk.folder])
  const readOnly = await failToStart({ TRAINYARD_DATA: disk.folder })
  assert.match(readOnly.output, /^trainyard: cannot use .*: its disk is mounted read-only .*\n$/)
  assert.equal(readOnly.code, 1)
})
