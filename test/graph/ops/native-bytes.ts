// Prints a hash of what our own batch norm computes, for the threads and instructions that the environment allows.
import { createHash } from 'node:crypto'
import { loadNativeOps } from '../../../src/engine/native-ops.js'
import { openNormalized, places } from './normalized.js'

if (!loadNativeOps()) throw new Error('the ops do not load')
const hash = createHash('sha256')
const cleanups: (() => unknown)[] = []
for (const dtype of ['float32', 'bfloat16'] as const) {
  for (const activation of [null, 'relu', 'elu'] as const) {
    for (const place of places) {
      for (const shape of [
        [16, 33, 31, 3],
        [32, 16, 16, 64],
        [8, 2, 2, 520],
      ]) {
        const scope = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
        const { session, feeds, names } = await openNormalized(scope, {
          dtype,
          shape,
          activation,
          place,
        })
        const result = session.run('native', feeds)
        for (const name of names) hash.update(result.floats(name))
      }
    }
  }
}
for (const cleanup of cleanups) await cleanup()
console.log(hash.digest('hex'))
