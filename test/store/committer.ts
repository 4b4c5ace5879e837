// Commits one folder after another until it is killed (see crash.test.ts).
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openFolderStore } from '../../src/store/folder-store.js'

const [root, round] = process.argv.slice(2) as [string, string]
const store = await openFolderStore(root)
for (let step = 1; ; step++) {
  const staged = await store.stage()
  await mkdir(join(staged, 'inner'))
  for (const name of ['a', 'b', 'inner/c']) {
    await writeFile(join(staged, name), Buffer.alloc(200_000, step))
  }
  await store.commit(staged, `checkpoints/${round}-${step}`, { step })
  await store.createJson<unknown>(`acknowledged/${round}-${step}.json`, { step })
  process.stdout.write('.')
}
