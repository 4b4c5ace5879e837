// Runs one operation on a store, and kills itself at the n-th failpoint (see failpoints.test.ts).
import { instrumentDisk } from '../../src/store/failpoints.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { operations } from './operations.js'

const [root, name, n] = process.argv.slice(2) as [string, string, string]
let passed = Number.NEGATIVE_INFINITY
const disk = instrumentDisk(() => {
  if (++passed === Number(n)) process.kill(process.pid, 'SIGKILL')
})

const store = await openFolderStore(root, disk)
passed = 0
await operations[name]!.run(store)
