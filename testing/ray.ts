// A real Ray, whose nodes are on this machine. `npm test` installs it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from './eventually.js'
import { needsPrivateNetwork, type PrivateNetwork } from './private-network.js'
import { findDescendants } from './processes.js'
import { pythonPackages } from './python-packages.js'
import type { CleanupScope } from './temp-folder.js'

const packages = pythonPackages('ray.json', 'Ray')

/** Options of a test that starts it. */
export const needsRay = (): { skip: string | false } =>
  packages.needed.skip ? packages.needed : needsPrivateNetwork()

const port = 6399
const dashboardPort = 8265
/** It takes some seconds, and many times as long beside other tests. */
const patience = { timeoutMs: 180_000, intervalMs: 200 }

export class RayCluster {
  readonly url = `http://127.0.0.1:${dashboardPort}`
  private head: ChildProcess | null = null
  private readonly others: ChildProcess[] = []

  private constructor(
    private readonly network: PrivateNetwork,
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** `folder`: a short path, since Ray makes sockets in it. */
  static async start(
    scope: CleanupScope,
    network: PrivateNetwork,
    folder: string,
    environment: NodeJS.ProcessEnv,
  ): Promise<RayCluster> {
    const own = { ...packages.environment(), ...environment, RAY_USAGE_STATS_ENABLED: '0' }
    const cluster = new RayCluster(network, folder, own)
    scope.after(() => cluster.close())
    await cluster.startHead()
    return cluster
  }

  private async startHead(): Promise<void> {
    this.head = this.run(
      ...['--head', `--port=${port}`, `--temp-dir=${this.folder}`],
      ...['--include-dashboard=true', '--dashboard-host=127.0.0.1'],
      `--dashboard-port=${dashboardPort}`,
    )
    await eventually('the Jobs API of Ray', () => this.answers(), patience)
  }

  async addNode(): Promise<void> {
    for (let tries = 3; tries > 0; tries--) {
      const node = this.run(`--address=127.0.0.1:${port}`)
      this.others.push(node)
      // Ray gives it up if the machine is so busy that the head does not know it within 30 s
      const isOver = () => node.exitCode !== null || node.signalCode !== null
      const isThere = async () => isOver() || (await raylets(node)).length === 1
      await eventually('a raylet', isThere, patience)
      if (!isOver()) return
      this.others.pop()
    }
    throw new Error('a node of Ray ended three times before it was there')
  }

  /** Ends the raylet of the first other node, which leaves its jobs without a parent. */
  async killRaylet(): Promise<void> {
    for (const pid of await raylets(this.others[0]!)) process.kill(pid, 'SIGKILL')
  }

  async removeNode(): Promise<void> {
    await killTree(this.others.shift()!)
  }

  /** Ends all processes of the head, its trainers too, and starts another with an empty memory. */
  async replaceHead(): Promise<void> {
    await killTree(this.head!)
    // Ray starts no head where it is written that one ran and where nodes of it still look for it, as on this machine
    await rm(join(this.folder, 'ray_current_cluster'), { force: true })
    await this.startHead()
  }

  /** Whether a trainer runs on any node. */
  async trains(): Promise<boolean> {
    const found = await Promise.all([this.head!, ...this.others].map(trainers))
    return found.flat().length > 0
  }

  /** Whether one runs on the first other node. */
  async otherTrains(): Promise<boolean> {
    return (await trainers(this.others[0]!)).length > 0
  }

  async killOtherTrainer(): Promise<void> {
    for (const pid of await trainers(this.others[0]!)) process.kill(pid, 'SIGKILL')
  }

  async close(): Promise<void> {
    for (const node of [this.head, ...this.others]) if (node) await killTree(node)
  }

  private run(...args: string[]): ChildProcess {
    const options = ['--node-ip-address=127.0.0.1', '--num-cpus=1', '--num-gpus=0', '--block']
    const memory = ['--object-store-memory=80000000', '--disable-usage-stats']
    const [program, all] = this.network.command(
      ...(['python3', '-m', 'ray.scripts.scripts', 'start'] as const),
      ...args,
      ...options,
      ...memory,
    )
    return spawn(program, all, { env: this.environment, stdio: 'ignore', cwd: this.folder })
  }

  private async answers(): Promise<boolean> {
    const request = `import urllib.request; urllib.request.urlopen("${this.url}/api/jobs/", timeout=5)`
    const [program, args] = this.network.command('python3', '-c', request)
    const child = spawn(program, args, { env: this.environment, stdio: 'ignore' })
    const [code] = await once(child, 'exit')
    return code === 0
  }
}

const trainers = (node: ChildProcess) => findDescendants(node.pid!, 'workers/trainer.js')
const raylets = (node: ChildProcess) => findDescendants(node.pid!, '/raylet/raylet')

/** Kills a process and all that it has started, also what no longer is its child. */
async function killTree(root: ChildProcess): Promise<void> {
  if (root.exitCode !== null || root.signalCode !== null) return
  const all = await findDescendants(root.pid!, '')
  for (const pid of all) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended meanwhile
    }
  }
  if (root.exitCode === null && root.signalCode === null) await once(root, 'exit')
}
