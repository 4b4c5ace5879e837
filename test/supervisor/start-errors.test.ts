import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
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
