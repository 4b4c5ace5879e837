import { useEffect, useReducer, useRef } from 'preact/hooks'
import type { ChangeEvent } from '../../spec/changes.js'
import type { DamagedItem } from '../../spec/damage.js'
import type { Job } from '../../spec/job.js'
import type { Page } from '../../spec/paging.js'
import { useChanges } from '../server/changes.js'
import { client, endSessionOf } from '../server/session.js'
import type { JobRow } from './job-row.js'

/** Rows of the first request: a few screens, which come fast. Further ones are larger. */
const firstRows = 200
const moreRows = 2000

/** The list is read again at most this often, and for at most a sixth of the time. */
const reloadMs = 1000
const reloadShare = 5

/** How often a list that metrics sort or filter is read again while jobs train. */
const orderMs = 5000

/** The jobs of a list, read page by page as they are needed and kept up to date. */
class JobList {
  rows: JobRow[] = []
  total: number | null = null
  damaged: DamagedItem[] = []
  error: unknown
  private cursor: string | null = null
  private places = new Map<string, number>()
  private wanted = firstRows
  private isReading = false
  private isStale = false
  private isEnded = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private nextReloadAt = 0

  constructor(
    private readonly query: Record<string, string>,
    private readonly onChange: () => void,
  ) {
    void this.work()
  }

  end(): void {
    this.isEnded = true
    clearTimeout(this.timer)
  }

  find(id: string): JobRow | undefined {
    const index = this.places.get(id)
    return index === undefined ? undefined : this.rows[index]
  }

  /** Reads on until this many rows are there. */
  want(count: number): void {
    this.wanted = Math.max(this.wanted, Math.min(count, this.total ?? count))
    if (this.rows.length < this.wanted) void this.work()
  }

  /** Reads all again that was read. */
  reload(): void {
    this.isStale = true
    void this.work()
  }

  reloadSoon(ms = reloadMs): void {
    const at = Math.max(this.nextReloadAt, Date.now() + ms)
    if (this.timer !== undefined) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.reload()
    }, at - Date.now())
  }

  change(id: string, change: Partial<JobRow>): void {
    const index = this.places.get(id)
    if (index === undefined) return
    this.rows[index] = { ...this.rows[index]!, ...change }
    this.onChange()
  }

  remove(id: string): void {
    if (!this.places.has(id)) return
    this.setRows(this.rows.filter(row => row.id !== id))
    this.total = Math.max(0, (this.total ?? 1) - 1)
    this.onChange()
  }

  private async work(): Promise<void> {
    if (this.isReading || this.isEnded) return
    this.isReading = true
    try {
      while (!this.isEnded && (this.isStale || this.total === null || this.lacksRows())) {
        if (this.isStale) await this.readAgain()
        else await this.readPage()
        this.error = undefined
        if (!this.isEnded) this.onChange()
      }
    } catch (error) {
      if (!this.isEnded && !endSessionOf(error)) this.error = error
      this.onChange()
    } finally {
      this.isReading = false
    }
  }

  private lacksRows(): boolean {
    return this.cursor !== null && this.rows.length < this.wanted
  }

  private async readPage() {
    const isFirst = this.total === null
    const page = await this.read(isFirst ? firstRows : moreRows, this.cursor)
    // a job that came to another place meanwhile may be on two pages
    this.setRows([...this.rows, ...page.items.filter(({ id }) => !this.places.has(id))])
    this.finish(page)
  }

  private async readAgain() {
    const startedAt = performance.now()
    this.isStale = false
    const count = Math.max(this.rows.length, firstRows)
    const rows = new Map<string, JobRow>()
    let page: Page<JobRow>
    let cursor: string | null = null
    do {
      page = await this.read(Math.min(moreRows, count - rows.size), cursor)
      for (const row of page.items) rows.set(row.id, row)
      cursor = page.nextCursor
    } while (cursor !== null && rows.size < count)
    this.setRows([...rows.values()])
    this.finish(page)
    this.nextReloadAt = Date.now() + (performance.now() - startedAt) * reloadShare
  }

  private finish({ total, nextCursor, damaged }: Page<JobRow>) {
    this.cursor = nextCursor
    this.damaged = damaged
    // a page passes over damaged jobs
    this.total = nextCursor === null ? this.rows.length : Math.max(total, this.rows.length)
  }

  private setRows(rows: JobRow[]) {
    this.rows = rows
    this.places = new Map(rows.map(({ id }, index) => [id, index]))
  }

  private async read(limit: number, cursor: string | null): Promise<Page<JobRow>> {
    const page = await client.jobs.list({
      ...this.query,
      limit: String(limit),
      ...(cursor !== null && { cursor }),
    })
    return page as unknown as Page<JobRow>
  }
}

export interface JobRows {
  rows: readonly JobRow[]
  /** Null until it is known. */
  total: number | null
  damaged: readonly DamagedItem[]
  error: unknown
  /** Changes with the rows. */
  version: number
  /** Whether the rows are still those of the former query. */
  isFormer: boolean
  find: (id: string) => JobRow | undefined
  want: (count: number) => void
  change: (id: string, change: Partial<JobRow>) => void
  reload: () => void
}

/** The jobs that a query lists. While another query is read, the rows of the former one stay. */
export function useJobRows(query: Record<string, string>, fields: readonly string[]): JobRows {
  const [version, redraw] = useReducer((count: number) => count + 1, 0)
  const frame = useRef({ id: 0, isStale: false })
  const current = useRef<{ key: string; list: JobList } | null>(null)
  const shown = useRef<JobList | null>(null)
  const key = JSON.stringify([query, fields])

  if (current.current?.key !== key) {
    current.current?.list.end()
    // at once, but events of many jobs come together: then again in the next frame
    const draw = () => {
      const { id } = frame.current
      frame.current.isStale = id > 0
      if (id > 0) return
      redraw(undefined)
      frame.current.id = requestAnimationFrame(() => {
        frame.current.id = 0
        if (frame.current.isStale) draw()
      })
    }
    const list = new JobList({ ...query, fields: fields.join(',') }, draw)
    current.current = { key, list }
  }
  const { list } = current.current
  if (list.total !== null || shown.current === null) shown.current = list
  useEffect(
    () => () => {
      current.current?.list.end()
      current.current = null
    },
    [],
  )

  const isOrderedByResults = /(^|[-,])(metrics|best|progress|[a-z0-9]*(loss|accuracy))/i.test(
    `${query.sort ?? ''},${query.where ?? ''}`,
  )
  useChanges(
    ['job'],
    change => applyChange(list, change, isOrderedByResults),
    () => list.reloadSoon(),
  )

  const { rows, total, damaged } = shown.current
  return {
    rows,
    total,
    damaged,
    version,
    error: list.error,
    isFormer: shown.current !== list,
    find: id => shown.current!.find(id),
    want: count => list.want(count),
    change: (id, change) => list.change(id, change),
    reload: () => list.reload(),
  }
}

function applyChange(list: JobList, change: ChangeEvent, isOrderedByResults: boolean): void {
  if (change.type === 'job.progress') {
    const { id, ...progress } = change.data as Pick<Job, 'id' | 'phase' | 'progress' | 'attempt'>
    list.change(id, progress)
    if (isOrderedByResults) list.reloadSoon(orderMs)
    return
  }
  const data = change.data as Partial<Job> & { id: string }
  if (change.type === 'job.deleted') {
    list.remove(data.id)
    return
  }
  const { status, attempt, requested, name } = data
  list.change(data.id, {
    ...(status && { status }),
    ...(attempt !== undefined && { attempt }),
    ...(requested !== undefined && { requested }),
    ...(name && { name }),
  })
  list.reloadSoon()
}
