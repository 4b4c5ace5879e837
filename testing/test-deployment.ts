import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type JobStreamEvent } from '../src/client/client.js'
import { type AttemptRecord, JobRecords } from '../src/jobs/record/records.js'
import { readStat } from '../src/processes.js'
import type { Job, JobRequest } from '../src/spec/job.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { type LocalServer, startServer } from '../src/supervisor/start-server.js'
import { within } from './eventually.js'
import { findDescendants } from './processes.js'

const eventTimeoutMs = 300_000

/** All processes of Trainyard on a temporary data folder. It can be stopped and started again. */
export class TestDeployment {
  client!: Client
  private server: LocalServer | null = null

  private constructor(
    readonly folder: string,
    private readonly settings: NodeJS.ProcessEnv,
    private readonly onOutput: ((text: string) => void) | undefined,
  ) {}

  /** `onOutput` is called with the text that the processes print. `folder`: by default a new one. */
  static async open(
    settings: NodeJS.ProcessEnv = {},
    onOutput?: (text: string) => void,
    folder?: string,
  ): Promise<TestDeployment> {
    const dataFolder = folder ?? (await mkdtemp(join(tmpdir(), 'trainyard-e2e-')))
    const deployment = new TestDeployment(dataFolder, settings, onOutput)
    await deployment.start()
    return deployment
  }

  get url(): string {
    return this.server!.url
  }

  get key(): string {
    return this.server!.key
  }

  async start(): Promise<void> {
    const own = { TRAINYARD_PORT: '0', TRAINYARD_LOG_LEVEL: 'error' }
    const environment = { ...process.env, ...own, ...this.settings }
    this.server = await startServer(this.folder, environment, this.onOutput)
    this.client = new Client({ url: this.server.url, key: this.server.key, retryForMs: 0 })
  }

  async stop(): Promise<void> {
    await this.server?.stop()
    this.server = null
  }

  async close(): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  get supervisor(): number {
    return this.server!.pid
  }

  /** The process that runs `script`. */
  async pidOf(script: string): Promise<number> {
    const [pid] = await findDescendants(this.supervisor, script)
    assert.ok(pid !== undefined, `no ${script} runs`)
    return pid
  }

  /** The trainer that trains: of all trainers, spare ones included, it has used the most CPU time. */
  async activeTrainer(): Promise<number> {
    const all = await findDescendants(this.supervisor, 'workers/trainer.js')
    assert.ok(all.length > 0, 'no trainer runs')
    const cpuTicks = (pid: number) => readStat(pid)?.cpuTicks ?? 0
    return all.reduce((busiest, pid) => (cpuTicks(pid) > cpuTicks(busiest) ? pid : busiest))
  }

  /** The records of a job's attempts, oldest first. */
  async attempts(id: string): Promise<AttemptRecord[]> {
    return new JobRecords(await openFolderStore(this.folder)).attempts(id)
  }

  /** The events of a job until it ends. Fails after five minutes without one. */
  async *follow(id: string): AsyncGenerator<JobStreamEvent> {
    // a server that is stopped ends it: the next one has another port
    const events = this.client.jobs.follow(id, { giveUpAfterMs: 0 })
    try {
      for (;;) {
        const next = within(`an event of job ${id}`, events.next(), { timeoutMs: eventTimeoutMs })
        const { value, done } = await next
        if (done) return
        yield value
      }
    } finally {
      // not awaited: it waits for the read that may never end
      void events.return(undefined)
    }
  }

  /** Follows a job until it ends; `onStep` is called with each step that has new metrics. */
  async waitForEnd(
    job: Job,
    onStep: (step: number) => Promise<void> | void = () => {},
  ): Promise<Job> {
    let last = job
    for await (const { event, data } of this.follow(job.id)) {
      if (event === 'job') last = data
      else await onStep(data.step)
    }
    return last
  }

  async train(request: JobRequest, onStep?: (step: number) => Promise<void> | void): Promise<Job> {
    return this.waitForEnd(await this.client.jobs.submit(request), onStep)
  }

  /** The weights of a job's model: the data file in its SavedModel. */
  weights(job: Job): Promise<Buffer> {
    const { id, version } = job.result!.model
    const folder = join(this.folder, 'models', id, String(version), 'saved_model', 'variables')
    return readFile(join(folder, 'variables.data-00000-of-00001'))
  }
}
