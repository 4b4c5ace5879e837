// Both kinds of stores for the tests of what they have in common. Each test gets an empty one.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { disk } from '../../src/store/disk.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { Bucket, type BucketTiming } from '../../src/store/s3/bucket.js'
import { openBucketStore } from '../../src/store/s3/bucket-store.js'
import type { Store } from '../../src/store/store.js'
import { makeBucket, needsObjectStore, startObjectStore } from '../../testing/object-store.js'
import { tempFolder } from '../../testing/temp-folder.js'

type Test = { after(work: () => Promise<void>): void }

/** An empty store, as several processes see it, and what lies below. */
export interface OpenedStore {
  store: Store
  /** Opens it again, as another host does. */
  another(): Promise<Store>
  /** Where it stages, and has its copies. */
  dataFolder: string
  /** Changes a file of a committed folder or a record, as no store does. */
  damage(key: string, content: string | Uint8Array): Promise<void>
  /** Removes one. */
  lose(key: string): Promise<void>
  read(key: string): Promise<Buffer>
}

export interface StoreKind {
  name: 'folder' | 'bucket'
  skip: string | false
  open(t: Test): Promise<OpenedStore>
}

async function openFolder(t: Test): Promise<OpenedStore> {
  const root = await tempFolder(t)
  return {
    store: await openFolderStore(root),
    another: () => openFolderStore(root),
    dataFolder: root,
    async damage(key, content) {
      await mkdir(dirname(join(root, key)), { recursive: true })
      await writeFile(join(root, key), content)
    },
    lose: key => rm(join(root, key)),
    read: key => readFile(join(root, key)),
  }
}

export const region = 'us-east-1'
export const testBucket = 'trainyard'
/** Short, since the server is on this machine. */
export const timing: Partial<BucketTiming> = { retryDelaysMs: [10, 20, 50, 100], silenceMs: 2000 }

let server: Promise<string> | null = null
let prefixes = 0
// of the whole process: one server is for all its tests
const ends: (() => Promise<void>)[] = []
after(async () => {
  for (const end of ends) await end()
})

/** The endpoint of a server for all tests of this process, with the bucket `trainyard`. */
export function sharedServer(): Promise<string> {
  server ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-s3-'))
    const started = await startObjectStore({ after: work => void ends.push(work) }, folder)
    ends.push(() => rm(folder, { recursive: true, force: true }))
    await makeBucket(started, testBucket)
    return started.endpoint
  })()
  return server
}

/** An empty store in a bucket, by way of an endpoint such as a proxy's. */
export async function openBucket(t: Test, endpoint?: string): Promise<OpenedStore> {
  const direct = await sharedServer()
  const prefix = `test-${++prefixes}/`
  const place = { bucket: testBucket, prefix, endpoint: endpoint ?? direct, region }
  const open = async (dataFolder: string) =>
    openBucketStore({ place, dataFolder, cacheBytes: null, keepsFolders: true, timing }, disk)
  const dataFolder = await tempFolder(t)
  const bucket = new Bucket({ ...place, endpoint: direct })
  t.after(async () => bucket.close())
  const objectOf = async (key: string) => {
    const [, folder, file] = /^([^/]+\/[^/]+)\/(.+)$/.exec(key) ?? []
    for await (const object of bucket.list(`.files/${folder}/`)) {
      if (object.key.endsWith(`/${file}`)) return object.key
    }
    return key
  }
  return {
    store: await open(dataFolder),
    another: async () => open(await tempFolder(t)),
    dataFolder,
    damage: async (key, content) => void (await bucket.put(await objectOf(key), content)),
    lose: async key => bucket.delete([await objectOf(key)]),
    read: async key => {
      const found = await bucket.get(await objectOf(key))
      if (found === null) throw new Error(`no object ${key}`)
      return found.body
    },
  }
}

export const storeKinds: readonly StoreKind[] = [
  { name: 'folder', skip: false, open: openFolder },
  { name: 'bucket', skip: needsObjectStore.skip, open: openBucket },
]
