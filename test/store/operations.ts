import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../../src/store/store.js'

interface Operation {
  before?(store: Store): Promise<unknown>
  run(store: Store): Promise<unknown>
  /** Resolves to the state after a crash or an error. `torn` is an incomplete value. */
  observe(store: Store): Promise<'none' | 'old' | 'new' | 'torn'>
  allowed: readonly ['none' | 'old', 'new']
}

const key = 'job/thing.json'
const read = async (store: Store) => {
  const value = await store.readJson<{ state: 'old' | 'new' }>(key)
  return value === null ? 'none' : value.state
}

/** All operations of the store whose result is either complete or absent. */
export const operations: Readonly<Record<string, Operation>> = {
  commit: {
    async run(store) {
      const staged = await store.stage()
      for (const name of ['a', 'b']) await writeFile(join(staged, name), Buffer.alloc(5000, name))
      await store.commit(staged, 'job/checkpoints/1', { step: 1 })
    },
    async observe(store) {
      if ((await store.readJson('job/checkpoints/1/manifest.json')) === null) {
        return (await store.list('job/checkpoints')).length > 0 ? 'torn' : 'none'
      }
      return (await store.verify('job/checkpoints/1')) ? 'new' : 'torn'
    },
    allowed: ['none', 'new'],
  },
  createJson: {
    run: store => store.createJson<unknown>(key, { state: 'new' }),
    observe: read,
    allowed: ['none', 'new'],
  },
  replaceJson: {
    before: store => store.createJson<unknown>(key, { state: 'old' }),
    run: store => store.replaceJson<unknown>(key, { state: 'new' }),
    observe: read,
    allowed: ['old', 'new'],
  },
  claim: {
    run: store => store.claim('job/1/claim'),
    observe: async store => ((await store.list('job/1')).includes('claim') ? 'new' : 'none'),
    allowed: ['none', 'new'],
  },
}
