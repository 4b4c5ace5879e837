import { DamagedError } from '../../errors.js'
import type { Job, JobStatus } from '../../spec/job.js'
import type { LogPage } from '../../spec/job-log.js'
import type { JobResources } from '../../spec/job-resources.js'
import type { MetricsPage } from '../../spec/metrics.js'
import type { DamageRegistry } from '../../store/damage-registry.js'
import type { Store } from '../../store/store.js'
import { isEventFile, jobPaths } from '../record/job-paths.js'
import type { AttemptRecord, JobRecords } from '../record/records.js'
import { runName } from '../record/run-links.js'
import { ChartCache } from './chart-cache.js'
import type { EventBatch, FeedEvent } from './feed-event.js'
import { JobLog, type LogQuery, logEvent } from './job-log.js'
import { pollLoop, type StreamOptions, streamMetrics, streamStatus } from './job-stream.js'
import { type JobTailDeps, JobTails } from './job-tail.js'
import { logState } from './kept-chart.js'
import { type ChartQuery, chartOf } from './metrics-chart.js'
import { csvOf, type ExportQuery, ndjsonOf } from './metrics-export.js'
import { MetricsLog, type MetricsQuery } from './metrics-log.js'
import { ResourceLog, type ResourcesQuery } from './resource-log.js'
import type { Turns } from './turns.js'

interface JobTelemetryDeps extends Omit<JobTailDeps, 'log' | 'record'> {
  store: Store
  records: JobRecords
  damage: DamageRegistry
}

/** Log lines that a follower gets at once. */
const maxLogBatch = 64

/** Reads the metrics and logs of jobs: pages, charts, exports and live streams. */
export class JobTelemetry {
  private readonly store: Store
  private readonly metricsLog: MetricsLog
  private readonly jobLog: JobLog
  private readonly resourceLog: ResourceLog
  private readonly tails: JobTails
  private readonly charts = new ChartCache()

  /** Followers take turns. */
  get turns(): Turns {
    return this.tails.turns
  }

  constructor(private readonly deps: JobTelemetryDeps) {
    this.store = deps.store
    const { damage } = deps
    const onDamage = (key: string) => {
      damage.add(new DamagedError(key, 'has damaged lines, which are left out'))
    }
    this.metricsLog = new MetricsLog(deps.store, onDamage)
    this.resourceLog = new ResourceLog(deps.store, onDamage)
    this.jobLog = new JobLog(deps.store)
    const record = (id: string) => deps.records.read(id)
    this.tails = new JobTails({ ...deps, record, log: this.metricsLog })
  }

  async metrics(id: string, query: MetricsQuery): Promise<MetricsPage> {
    return this.metricsLog.page(id, await this.attempts(id), query)
  }

  /** A chart as JSON, which is kept until the logs of the job have more rows, or others are in effect. */
  async chartJson(id: string, query: ChartQuery): Promise<string> {
    const attempts = await this.attempts(id)
    const state = await logState(this.store, id, attempts)
    const options = { keep: hasEnded(attempts), state }
    return this.charts.text(JSON.stringify([id, query]), state, async () =>
      JSON.stringify(await chartOf(this.store, id, attempts, query, options)),
    )
  }

  async resources(id: string, query: ResourcesQuery): Promise<JobResources> {
    return this.resourceLog.read(id, await this.attempts(id), query)
  }

  async ndjson(id: string, query: ExportQuery): Promise<AsyncGenerator<string>> {
    return ndjsonOf(this.metricsLog, id, await this.attempts(id), query)
  }

  async csv(id: string, query: ExportQuery): Promise<AsyncGenerator<string>> {
    const from = { log: this.metricsLog, store: this.store }
    return csvOf(from, id, await this.attempts(id), query)
  }

  /** Throws JOB_NOT_FOUND if the job cannot be followed. Reads no file if others follow it already. */
  async assertFollowable(id: string): Promise<void> {
    if (!this.tails.hasSnapshot(id)) await this.deps.records.read(id)
  }

  /** Streams metrics rows and state changes, live. */
  streamMetrics(id: string, options: StreamOptions): AsyncGenerator<EventBatch> {
    return streamMetrics(id, this.tails, options)
  }

  /** Streams state changes and progress, live. */
  streamStatus(id: string, signal: AbortSignal): AsyncGenerator<EventBatch> {
    return streamStatus(id, this.tails, signal)
  }

  /**
   * Returns the job as soon as it has none of the statuses, or null after `signal` aborts. All who wait for a job
   * share one reader of its record. Throws JOB_NOT_FOUND.
   */
  async waitWhile(
    id: string,
    statuses: readonly JobStatus[],
    signal: AbortSignal,
  ): Promise<Job | null> {
    let found: Job | null = null
    const changes = pollLoop(id, this.tails, signal, async function* ({ job }) {
      if (!statuses.includes(job.status)) found = job
      if (found) yield []
    })
    await changes.next()
    await changes.return(undefined)
    return found
  }

  async log(id: string, query: LogQuery & { limit: number }): Promise<LogPage> {
    return this.jobLog.page(id, await this.claims(id), query)
  }

  async logText(id: string, query: LogQuery): Promise<AsyncGenerator<string>> {
    const claims = await this.claims(id)
    const start = await this.jobLog.start(id, claims, query)
    const lines = this.jobLog.lines(id, claims, start, query.attempt)
    return (async function* () {
      for await (const { line } of lines) yield `${line.time} ${line.line}\n`
    })()
  }

  /** Checks the query, then returns a function that streams log lines until the job ends. */
  async streamLog(
    id: string,
    query: LogQuery,
  ): Promise<(signal: AbortSignal) => AsyncGenerator<EventBatch>> {
    const log = this.jobLog
    let position = await log.start(id, await this.claims(id), query)
    const { records } = this.deps
    const readEvents = async function* () {
      const claims = await records.claims(id)
      let batch: FeedEvent[] = []
      for await (const entry of log.lines(id, claims, position, query.attempt)) {
        position = entry.next
        batch.push(logEvent(entry))
        if (batch.length < maxLogBatch) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    }
    return signal => pollLoop(id, this.tails, signal, readEvents)
  }

  /** Returns the job's TensorBoard event files, and the name that its run has in TensorBoard. */
  async eventFiles(id: string): Promise<{ run: string; paths: Record<string, string> }> {
    const run = runName(await this.deps.records.manifest(id))
    const { root } = jobPaths(id)
    const names = (await this.store.list(root)).filter(isEventFile)
    const paths: Record<string, string> = {}
    for (const name of names) paths[name] = await this.store.logFile(`${root}/${name}`)
    return { run, paths }
  }

  private async attempts(id: string) {
    const { records } = this.deps
    const [attempts] = await Promise.all([records.attempts(id), records.manifest(id)])
    return attempts
  }

  private async claims(id: string) {
    const { records } = this.deps
    const [claims] = await Promise.all([records.claims(id), records.manifest(id)])
    return claims
  }
}

/** Whether no attempt runs. If the worker of the last one died, the next one is about to start. */
const hasEnded = (attempts: readonly AttemptRecord[]): boolean =>
  attempts.length > 0 && attempts.at(-1)!.endedAt !== null
