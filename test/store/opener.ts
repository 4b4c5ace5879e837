// Opens the data folder given as argument and stores a file (see format-version.test.ts).
import { openFolderStore } from '../../src/store/folder-store.js'

const store = await openFolderStore(process.argv[2]!)
await store.createJson<number>(`models/${process.pid}.json`, 1)
process.disconnect()
