// Prints a hash of what our own optimizer steps compute, for the threads and instructions that the environment allows.
import { createHash } from 'node:crypto'
import { loadNativeOps } from '../../../src/engine/native-ops.js'
import { openUpdates } from './native-updates.js'

if (!loadNativeOps()) throw new Error('the ops do not load')
const hash = createHash('sha256')
const cleanups: (() => unknown)[] = []
const scope = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
const { session, feeds, names } = await openUpdates(scope)
for (let step = 0; step < 3; step++) session.run('step', feeds())
const values = session.run('values')
for (const name of names) hash.update(values.floats(name))
for (const cleanup of cleanups) await cleanup()
console.log(hash.digest('hex'))
