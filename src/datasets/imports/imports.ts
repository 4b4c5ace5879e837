import { setTimeout as sleep } from 'node:timers/promises'
import { ulid } from 'ulid'
import { type Listing, listingOf, selectPage } from '../../lists/listing.js'
import type { Order } from '../../lists/order.js'
import type { ListQuery } from '../../lists/page-selector.js'
import type { Logger } from '../../log.js'
import { activeStatuses, type DatasetImport, type ImportStatus } from '../../spec/dataset-import.js'
import type { Store } from '../../store/store.js'
import type { Datasets } from '../datasets.js'
import type { UploadResult } from '../upload.js'
import { cancelled, importNotFound, interrupted, tooManyImports } from './import-problem.js'
import { ImportRecords } from './import-records.js'
import { type ImportWork, RunningImport, type UploadWork } from './running-import.js'

export interface ImportsDeps {
  store: Store
  datasets: Pick<Datasets, 'createUpload'>
  log: Pick<Logger, 'info' | 'warn'>
}

/** A data set that is made quickly leaves no record. */
const recordAfterMs = 1000
const saveIntervalMs = 1000
const sweepIntervalMs = 3600_000
/** Each holds files, and most a connection. */
const maxRunning = 100
/** How often a follower reads the record of an import that another process makes. */
const pollMs = 1000
/** How often at most a follower gets the progress. */
const followMs = 250

export interface StartedImport {
  running: RunningImport
  /** The data set, or the error for which there is none. */
  result: Promise<UploadResult>
}

type AboutImport = Pick<DatasetImport, 'source' | 'name'> & { status: ImportStatus }

interface Entry extends StartedImport {
  recorded: Promise<void> | null
  /** Settles when its end is in the store too. */
  ending: Promise<void>
}

/** The making of data sets, which may take long: what is being made, what was made, and what failed. */
export class Imports {
  private readonly running = new Map<string, Entry>()
  private readonly records: ImportRecords
  private timer: NodeJS.Timeout | null = null
  private isClosed = false

  constructor(private readonly deps: ImportsDeps) {
    this.records = new ImportRecords(deps.store, id => this.running.has(id))
  }

  /** Sweeps now and from time to time. */
  start(): void {
    const sweep = () =>
      this.records.sweep().catch(err => this.deps.log.warn({ err }, 'imports cannot be swept'))
    void sweep()
    this.timer = setInterval(() => void sweep(), sweepIntervalMs).unref()
  }

  /** Numbers of imports of this process, by status. */
  get counts(): Record<(typeof activeStatuses)[number], number> {
    const counts = Object.fromEntries(activeStatuses.map(status => [status, 0]))
    for (const { running } of this.running.values()) counts[running.value.status]!++
    return counts as Record<(typeof activeStatuses)[number], number>
  }

  /** Begins to make a data set of files. Throws UPLOAD_BUSY if too many are being made. */
  beginUpload(about: AboutImport, work: UploadWork): Promise<StartedImport> {
    return this.begin(about, async running => {
      const upload = await this.deps.datasets.createUpload(running.control)
      try {
        return await work(running, upload)
      } catch (error) {
        await upload.abort()
        throw error
      }
    })
  }

  /** Begins to make a data set. Throws UPLOAD_BUSY if too many are being made. */
  async begin(about: AboutImport, work: ImportWork): Promise<StartedImport> {
    if (this.isClosed) throw interrupted()
    if (this.running.size >= maxRunning) throw tooManyImports(this.running.size)
    const running = new RunningImport(`imp-${ulid().toLowerCase()}`, about)
    const made = this.make(running, work)
    const entry: Entry = { running, result: made, recorded: null, ending: Promise.resolve() }
    this.running.set(running.id, entry)
    entry.ending = this.keepRecord(entry, made)
    // who has the result finds the end in the store, from any process
    entry.result = entry.ending.then(() => made)
    // who does not wait learns of an error from the import
    entry.result.catch(() => {})
    return entry
  }

  /** Makes sure that any process finds the import, now and after a restart. */
  async record(id: string): Promise<DatasetImport> {
    const entry = this.running.get(id)
    if (!entry) return this.get(id)
    entry.recorded ??= this.records.save(entry.running.value)
    await entry.recorded
    return entry.running.value
  }

  /** Throws IMPORT_NOT_FOUND. */
  async get(id: string): Promise<DatasetImport> {
    const found = this.running.get(id)?.running.value ?? (await this.records.get(id))
    if (!found) throw importNotFound(id)
    return found
  }

  /** Newest first. Throws INVALID_CURSOR. */
  async list(query: ListQuery): Promise<Listing<DatasetImport>> {
    const ids = new Set([...(await this.records.ids()), ...this.running.keys()])
    const found = await Promise.all([...ids].map(id => this.get(id).catch(() => null)))
    const imports = found.filter(each => each !== null)
    return listingOf(await selectPage(imports, query, newestFirst), async () => [])
  }

  /** Ends an import and removes its files; nothing happens to one that has ended. */
  async cancel(id: string): Promise<DatasetImport> {
    const entry = this.running.get(id)
    if (entry) {
      entry.running.abort(cancelled())
      await entry.ending
      return entry.running.value
    }
    const found = await this.get(id)
    if (hasEnded(found)) return found
    await this.records.requestCancel(id)
    const deadline = Date.now() + 5000
    let latest = await this.get(id)
    while (!hasEnded(latest) && Date.now() < deadline) {
      await sleep(100)
      latest = await this.get(id)
    }
    return latest
  }

  /** Ends an import if it runs, and forgets it. */
  async remove(id: string): Promise<void> {
    await this.cancel(id)
    await this.records.remove(id)
  }

  /** The import now, and after each change, until it has ended. */
  async *follow(id: string, signal: AbortSignal): AsyncGenerator<DatasetImport> {
    let last: DatasetImport | null = null
    while (!signal.aborted) {
      const found = await this.get(id)
      if (found.updatedAt !== last?.updatedAt || found.status !== last.status) yield found
      last = found
      if (hasEnded(found)) return
      await this.changeOf(found, signal)
    }
  }

  /** Ends what runs: a later start cannot go on with it. */
  async close(): Promise<void> {
    this.isClosed = true
    if (this.timer) clearInterval(this.timer)
    const entries = [...this.running.values()]
    for (const { running } of entries) running.abort(interrupted())
    await Promise.all(entries.map(({ ending }) => ending))
  }

  private async make(running: RunningImport, work: ImportWork): Promise<UploadResult> {
    try {
      const result = await work(running)
      running.succeed(result)
      return result
    } catch (error) {
      const reason = running.signal.aborted ? running.signal.reason : error
      running.fail(reason)
      throw reason
    }
  }

  private async keepRecord(entry: Entry, made: Promise<unknown>): Promise<void> {
    const { id } = entry.running
    await this.saveUntilEnd(entry, made).catch(err =>
      this.deps.log.warn({ err, import: id }, 'the record of an import cannot be written'),
    )
    this.running.delete(id)
  }

  /** Saves an import that takes long every second, and how it ends. */
  private async saveUntilEnd(entry: Entry, made: Promise<unknown>): Promise<void> {
    const { running } = entry
    const { id } = running
    const ended = made.then(
      () => true,
      () => true,
    )
    let wait = recordAfterMs
    while (!(await Promise.race([ended, timeout(wait)]))) {
      wait = saveIntervalMs
      await this.record(id)
      if (await this.records.isCancelRequested(id)) running.abort(cancelled())
      await this.records.save(running.value).catch(() => {})
    }
    if (entry.recorded === null) return
    await entry.recorded.catch(() => {})
    await this.records.end(running.value)
  }

  /** Waits until an import has changed, but not shorter than a follower wants to hear of it. */
  private async changeOf({ id, updatedAt, status }: DatasetImport, signal: AbortSignal) {
    const running = this.running.get(id)?.running
    await sleep(running ? followMs : pollMs, undefined, { signal }).catch(() => {})
    if (!running) return
    if (running.value.updatedAt !== updatedAt || running.value.status !== status) return
    await new Promise<void>(resolve => {
      const done = () => {
        stop()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const stop = running.onChange(done)
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }
}

const newestFirst: Order = { keys: [], idsDescending: true }

export const hasEnded = ({ status }: Pick<DatasetImport, 'status'>): boolean =>
  !activeStatuses.some(each => each === status)

/** False after a time that does not keep the process alive. */
const timeout = (ms: number) =>
  new Promise<false>(resolve => {
    setTimeout(() => resolve(false), ms).unref()
  })
