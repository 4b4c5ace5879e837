// Opens the data folder of its argument, and stores something (see format-version.test.ts).
import { openFolderStore } from '../../src/store/folder-store.js'

const store = await openFolderStore(process.argv[2]!)
await store.createJson<number>(`models/${process.pid}.json`, 1)
process.disconnect()
