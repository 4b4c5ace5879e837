import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { bytesOf, flattenTrees } from '../trees/flat-trees.js'
import { TreeWalker } from '../trees/tree-walker.js'
import { parseUbjson } from '../trees/ubjson.js'
import { readXgboostModel, UnsupportedModel } from '../trees/xgboost-model.js'

export interface TreeCacheLimits {
  /** Bytes of a model file; larger models are left to XGBoost. */
  fileBytes: number
  /** Bytes of all models in memory. */
  bytes: number
}

/**
 * A file takes five to ten times its bytes while it is read, in small objects that the garbage collector goes through
 * while requests wait; a tree in memory takes a third of its bytes in the file. 8 MiB are some 2,000 trees of depth 6.
 */
const defaultLimits: TreeCacheLimits = { fileBytes: 2 ** 23, bytes: 2 ** 27 }

/** What an entry takes beside its trees; also of a model that is left to XGBoost. */
const entryBytes = 1024
/** Reading a model lets other work run after so many milliseconds. */
const sliceMs = 5

interface Entry {
  /** Null: the model is left to XGBoost. */
  walker: TreeWalker | null
  bytes: number
}

/** Models that predict in this process, by folder. The content of a folder never changes. */
export class TreeCache {
  /** The least recently used one first. */
  private readonly entries = new Map<string, Entry>()
  private readonly loading = new Map<string, Promise<TreeWalker | null>>()
  private readonly oneAtATime = pLimit(1)
  private bytes = 0

  constructor(private readonly limits: TreeCacheLimits = defaultLimits) {}

  /** Null for a model that only XGBoost can predict with, or that is too large. */
  open(folder: string): TreeWalker | null | Promise<TreeWalker | null> {
    return this.entries.has(folder) ? this.opened(folder) : this.load(folder)
  }

  /** As `open`; null also for a model that is not in memory. */
  opened(folder: string): TreeWalker | null {
    const entry = this.entries.get(folder)
    if (!entry) return null
    this.entries.delete(folder)
    this.entries.set(folder, entry)
    return entry.walker
  }

  /** Several requests for a model wait for one load. */
  private load(folder: string): Promise<TreeWalker | null> {
    const running = this.loading.get(folder)
    if (running) return running
    const loaded = this.oneAtATime(() => readWalker(folder, this.limits.fileBytes))
      .then(walker => {
        this.add(folder, walker)
        return walker
      })
      .finally(() => this.loading.delete(folder))
    this.loading.set(folder, loaded)
    return loaded
  }

  private add(folder: string, walker: TreeWalker | null): void {
    const bytes = entryBytes + (walker ? bytesOf(walker.trees) : 0)
    this.entries.set(folder, { walker, bytes })
    this.bytes += bytes
    for (const [oldest, entry] of this.entries) {
      if (this.bytes <= this.limits.bytes) break
      this.entries.delete(oldest)
      this.bytes -= entry.bytes
    }
  }
}

async function readWalker(folder: string, maxBytes: number): Promise<TreeWalker | null> {
  const path = join(folder, 'model.ubj')
  if ((await stat(path)).size > maxBytes) return null
  try {
    const document = await inSlices(parseUbjson(await readFile(path)))
    return new TreeWalker(await inSlices(flattenTrees(readXgboostModel(document))))
  } catch (error) {
    if (error instanceof UnsupportedModel) return null
    throw error
  }
}

async function inSlices<T>(work: Generator<undefined, T>): Promise<T> {
  let since = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    if (performance.now() - since < sliceMs) continue
    await setImmediate()
    since = performance.now()
  }
}
