import { setImmediate } from 'node:timers/promises'
import { lru } from 'tiny-lru'
import { Type } from 'typebox'
import type { Logger } from '../log.js'
import {
  type RequestSample,
  type RequestSamplePage,
  SampleSettings,
  sampleLimits,
  type WatchRequest,
} from '../spec/model-watch.js'
import { nullable } from '../spec/nullable.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'
import {
  listSampleFiles,
  makeRoomForSamples,
  maxFileMs,
  newSampleFile,
  readSamplePage,
  removeSamples,
  type SamplePageQuery,
  sampleLines,
  sizeOfSamples,
} from './sample-files.js'
import {
  heldBytes,
  isInputTooLarge,
  type KeptRequest,
  maxValues,
  type SampledRequest,
  sampleLine,
} from './sample-line.js'
import { watchPaths } from './watch-paths.js'

/** How old what is known of the settings may be: another process may have changed them. */
const freshMs = 1000
/** Models, or versions of them, of which something is in memory. */
const maxKnown = 1000
/** Memory of requests that wait to be written; what comes beyond it is dropped. */
const maxPendingBytes = 32 * 2 ** 20
/** What a request takes beside its numbers and files. */
const entryBytes = 1024
/** Of a model's bytes, how many one file may have, so that few samples go at a time. */
const fileShare = 1 / 16
const maxFileBytes = 64 * 2 ** 20
/** How old what is known of other processes' files may be. */
const listedMs = 10_000
const sweepIntervalMs = 3600_000

/** Settings as they are stored. `keep` bounds what is on the disk also after samples were turned off. */
interface StoredSettings {
  samples: SampleSettings | null
  keep: Pick<SampleSettings, 'maxBytes' | 'maxAgeDays'>
}

const storedSettings = shapeOf<StoredSettings>(
  Type.Object({
    samples: nullable(SampleSettings),
    keep: Type.Object({ maxBytes: Type.Integer(), maxAgeDays: Type.Integer() }),
  }),
)

const defaultKeep = {
  maxBytes: sampleLimits.defaultBytes,
  maxAgeDays: sampleLimits.defaultAgeDays,
}

export interface RequestSamplesDeps {
  store: Store
  disk: { status(): Promise<{ problem: string | null }> }
  versions(name: string): Promise<number[]>
  log: Pick<Logger, 'warn'>
  now?: () => number
}

export interface SampleCounts {
  kept: number
  dropped: number
  removed: number
}

const noCounts = (): SampleCounts => ({ kept: 0, dropped: 0, removed: 0 })

interface Pending {
  request: KeptRequest
  settings: SampleSettings
  omitted: RequestSample['inputOmitted'] | null
  bytes: number
  at: number
}

interface OpenFile {
  name: string
  bytes: number
  startedAt: number
}

/**
 * Keeps a share of the answered requests, if a model's settings ask for it. Requests are written after their answers;
 * what does not fit on the disk or comes faster than it writes is dropped and counted.
 */
export class RequestSamples {
  /** Of all models. */
  readonly totals = noCounts()
  private readonly known = lru<{ stored: StoredSettings | null; checkedAt: number }>(maxKnown)
  private readonly counts = lru<SampleCounts>(maxKnown)
  /** By `<model>/<version>`. */
  private readonly files = lru<OpenFile>(maxKnown)
  private readonly queue: Pending[] = []
  private pendingBytes = 0
  /** How many were queued, and how many of them are written or dropped. */
  private readonly progress = { queued: 0, done: 0 }
  private isWriting = false
  /** The write that is under way. */
  private current: Promise<void> = Promise.resolve()
  /** By model, what its files have, as last listed and with what this process wrote since. */
  private readonly sizes = lru<{ bytes: number; listedAt: number }>(maxKnown)
  private failing = false
  private readonly now: () => number
  private readonly timer: NodeJS.Timeout

  constructor(private readonly deps: RequestSamplesDeps) {
    this.now = deps.now ?? Date.now
    this.timer = setInterval(() => void this.sweep(), sweepIntervalMs).unref()
  }

  /** Keeps the request if it is one of the share. */
  add(request: SampledRequest): void {
    const settings = this.settingsNow(request.model.id)
    if (!settings || Math.random() >= settings.share) return
    const isTooLarge = settings.inputs && isInputTooLarge(request.input, settings.maxBytes)
    const omitted = isTooLarge ? ('too_large' as const) : settings.inputs ? null : ('off' as const)
    // what is not written does not stay in memory until then
    const input = omitted ? null : request.input
    const bytes = entryBytes + request.values.byteLength + (input ? heldBytes(input) : 0)
    const isFull = this.pendingBytes + bytes > maxPendingBytes
    if (isFull || request.values.length > maxValues) {
      this.count(request.model.id, 'dropped')
      return
    }
    this.pendingBytes += bytes
    this.queue.push({ request: { ...request, input }, settings, omitted, bytes, at: this.now() })
    this.progress.queued++
    if (!this.isWriting) void this.writeAll()
  }

  /** Null if samples are off. */
  async settings(model: string): Promise<SampleSettings | null> {
    return (await this.refresh(model))?.samples ?? null
  }

  async set(model: string, { samples }: WatchRequest): Promise<void> {
    const before = await this.refresh(model)
    const set = samples && { ...defaultKeep, inputs: true, ...samples }
    const keep = set ?? before?.keep ?? defaultKeep
    const { maxBytes, maxAgeDays } = keep
    const stored = { samples: set, keep: { maxBytes, maxAgeDays } }
    await this.deps.store.replaceJson<StoredSettings>(watchPaths(model).settings, stored)
    this.remember(model, stored)
    await this.trim(model, stored, 0)
  }

  countsOf(model: string): SampleCounts {
    return this.counts.get(model) ?? noCounts()
  }

  /** What is stored, by all processes. */
  async size(model: string): Promise<{ files: number; bytes: number }> {
    await this.written()
    return sizeOfSamples(this.deps.store, model)
  }

  /** Oldest first. */
  async page(model: string, query: SamplePageQuery): Promise<RequestSamplePage> {
    await this.written()
    return readSamplePage(this.deps.store, model, query)
  }

  /** All samples as they are stored, oldest first. */
  async lines(model: string, version?: number): Promise<AsyncGenerator<string>> {
    await this.written()
    return sampleLines(this.deps.store, model, version)
  }

  /** Removes what is stored; of a version, or all. */
  async remove(model: string, version?: number): Promise<void> {
    await this.written()
    const open: string[] = this.files.keys().filter(key => key.startsWith(`${model}/`))
    for (const key of version === undefined ? open : [`${model}/${version}`]) this.files.delete(key)
    await removeSamples(this.deps.store, model, version)
    this.sizes.delete(model)
  }

  /** Removes all that is stored of a model, its settings included. */
  async forget(model: string): Promise<void> {
    this.known.delete(model)
    await this.deps.store.remove(watchPaths(model).root)
  }

  /** Returns when what waits now is written or dropped, though more may have come meanwhile. */
  async written(): Promise<void> {
    const { queued } = this.progress
    while (this.progress.done < queued) await this.current
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.written()
  }

  private settingsNow(model: string): SampleSettings | null {
    const known = this.known.get(model)
    if (!known || performance.now() - known.checkedAt > freshMs) {
      // the settings that are known count until then
      this.remember(model, known?.stored ?? null)
      void this.refresh(model).catch(error => this.report(error))
    }
    return known?.stored?.samples ?? null
  }

  private async refresh(model: string): Promise<StoredSettings | null> {
    const key = watchPaths(model).settings
    const stored = await this.deps.store.readJsonCached<StoredSettings>(key, storedSettings)
    this.remember(model, stored)
    return stored
  }

  private remember(model: string, stored: StoredSettings | null): void {
    this.known.set(model, { stored, checkedAt: performance.now() })
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      // others run in between
      this.current = this.finish(next).then(() => setImmediate())
      await this.current
    }
    this.isWriting = false
  }

  /** Writes or drops a request. Never rejects. */
  private async finish(next: Pending): Promise<void> {
    const { id } = next.request.model
    try {
      const isKept = await this.write(next)
      this.count(id, isKept ? 'kept' : 'dropped')
      if (isKept) this.failing = false
    } catch (error) {
      this.count(id, 'dropped')
      // what a failed write left may not be continued
      this.files.clear()
      this.report(error)
    }
    this.pendingBytes -= next.bytes
    this.progress.done++
  }

  private async write({ request, settings, omitted, at }: Pending): Promise<boolean> {
    const { problem } = await this.deps.disk.status()
    // the room that is left is for jobs
    if (problem !== null) return false
    const { id, version } = request.model
    const line = sampleLine(request, omitted, at)
    const bytes = Buffer.byteLength(line)
    await this.trim(id, { keep: settings }, bytes)
    const file = this.fileFor(id, version, settings)
    await this.deps.store.append(watchPaths(id).sampleFile(file.name), line)
    file.bytes += bytes
    return true
  }

  private fileFor(model: string, version: number, { maxBytes }: SampleSettings): OpenFile {
    const key = `${model}/${version}`
    const now = this.now()
    let file = this.files.get(key)
    const isFull = file && file.bytes >= Math.min(maxFileBytes, maxBytes * fileShare)
    if (!file || isFull || now - file.startedAt >= maxFileMs) {
      file = { name: newSampleFile(version, now), bytes: 0, startedAt: now }
      this.files.set(key, file)
    }
    return file
  }

  /** Makes room for so many bytes, and removes what is too old. */
  private async trim(model: string, { keep }: Pick<StoredSettings, 'keep'>, room: number) {
    const now = this.now()
    const known = this.sizes.get(model)
    if (known && now - known.listedAt < listedMs && known.bytes + room <= keep.maxBytes) {
      known.bytes += room
      return
    }
    const { removed, bytes } = await makeRoomForSamples(this.deps.store, model, keep, room, now)
    this.sizes.set(model, { bytes: bytes + room, listedAt: now })
    if (removed > 0) this.count(model, 'removed', removed)
  }

  /** Removes what has become too old, and what a process left that died after a version was deleted, or had not noticed. */
  async sweep(): Promise<void> {
    const { store, versions } = this.deps
    try {
      for (const model of await store.list(watchPaths.root)) {
        const known = new Set(await versions(model))
        if (known.size === 0) {
          await this.forget(model)
          continue
        }
        const files = await listSampleFiles(store, model)
        if (files.length === 0) continue
        const gone = new Set(files.map(({ version }) => version).filter(each => !known.has(each)))
        for (const version of gone) await this.remove(model, version)
        const stored = await this.refresh(model)
        await this.trim(model, stored ?? { keep: defaultKeep }, 0)
      }
    } catch (error) {
      this.report(error)
    }
  }

  private count(model: string, what: keyof SampleCounts, by = 1): void {
    let counts = this.counts.get(model)
    if (!counts) {
      counts = noCounts()
      this.counts.set(model, counts)
    }
    counts[what] += by
    this.totals[what] += by
  }

  /** Once, until a write succeeds again. */
  private report(error: unknown): void {
    if (this.failing) return
    this.failing = true
    const message = 'samples of requests could not be read or written, and are dropped'
    this.deps.log.warn({ err: error }, message)
  }
}
