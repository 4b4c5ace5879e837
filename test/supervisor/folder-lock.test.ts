import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockFolder, socketFolder } from '../../src/supervisor/folder-lock.js'
import { eventually } from '../../testing/eventually.js'
import { tempFolder } from '../../testing/temp-folder.js'

test('a data folder has one holder at a time', async t => {
  const folder = await tempFolder(t)
  const lock = await lockFolder(folder)
  await assert.rejects(lockFolder(folder), {
    code: 'DATA_FOLDER_IN_USE',
    message: new RegExp(`process ${process.pid}.*TRAINYARD_DATA`),
  })
  await lock.release()
  const again = await lockFolder(folder)
  await again.release()
})

test('the lock of a killed process does not block the next one', async t => {
  const folder = await tempFolder(t)
  const script = join(folder, 'holder.mjs')
  const module = new URL('../../src/supervisor/folder-lock.js', import.meta.url)
  await writeFile(
    script,
    `import { lockFolder } from '${module}'\nawait lockFolder(process.argv[2])\nprocess.send('held')\nsetInterval(() => {}, 1000)\n`,
  )
  const holder = fork(script, [folder])
  await once(holder, 'message')
  await assert.rejects(lockFolder(folder), { code: 'DATA_FOLDER_IN_USE' })
  const exit = once(holder, 'exit')
  holder.kill('SIGKILL')
  await exit
  const lock = await lockFolder(folder)
  await lock.release()
})

test('a lock whose socket or folder is removed is held again within seconds', async t => {
  const folder = await tempFolder(t)
  const lock = await lockFolder(folder)
  t.after(() => lock.release())
  const sockets = await socketFolder(folder)
  for (const path of [join(sockets, 'lock.sock'), sockets]) {
    await rm(path, { recursive: true })
    await eventually('the socket', () => existsSync(join(sockets, 'lock.sock')))
    await assert.rejects(lockFolder(folder), { code: 'DATA_FOLDER_IN_USE' })
  }
})
