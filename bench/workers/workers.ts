// How many workers one Redis serves: 1, 10 and 100, in processes that have several each.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Redis } from 'ioredis'
import { JobQueue } from '../../src/jobs/queue/queue.js'
import { blockingOptions, connect } from '../../src/jobs/queue/redis.js'
import { type OptionValues, parseCount, scriptCommand } from '../../src/script-options.js'
import { eventually } from '../../testing/eventually.js'
import { percentile } from '../../testing/percentile.js'
import { startRedis } from '../../testing/redis.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, table, writeReport } from '../report.js'
import { JobRuns } from './job-runs.js'
import type { FromHost, HostOptions } from './worker-host.js'

const hostScript = fileURLToPath(new URL('./worker-host.js', import.meta.url))
const maxProcesses = 4
const now = () => performance.timeOrigin + performance.now()
/** Of all slots together: below what makes jobs wait. */
const load = 0.7

const options = {
  workers: { value: 'LIST', default: '1,10,100', help: 'numbers of workers, each with one slot' },
  seconds: { value: 'N', default: '30', help: 'how long each is measured, idle and under load' },
  'job-ms': { value: 'N', default: '2000', help: 'how long a job waits in place of training' },
} as const

export const workersBench = scriptCommand(
  {
    command: 'npm run bench -- workers',
    summary:
      'Measures how long jobs wait for a claim and what Redis does, with workers whose jobs only wait. At the end of the load, the process is killed whose workers have most jobs. Fails if a job was lost, was not taken again, or ended twice.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const seconds = parseCount('seconds', values.seconds)
  const jobMs = parseCount('job-ms', values['job-ms'])
  const counts = values.workers.split(',').map(text => parseCount('workers', text))
  const machine = await describeMachine()
  const measured: Measured[] = []
  for (const workers of counts) {
    measured.push(
      await withTempFolder(async folder => {
        const server = await startRedis(folder)
        return measure(
          { ...server, socket: join(folder, 'redis.sock') },
          workers,
          seconds,
          jobMs,
        ).finally(() => server.stop())
      }),
    )
  }
  const report: Report & { measured: Measured[] } = {
    bench: 'workers',
    date: new Date().toISOString(),
    machine,
    settings: { seconds, jobMs, load, processes: `at most ${maxProcesses}` },
    versions: {},
    rows: [],
    notRun: [],
    warnings: [],
    measured,
  }
  const text = `${heading(report)}\n${table(columns, measured.map(cells))}`
  await writeReport(report, text)
  console.log(text)
  return measured.every(
    ({ held, retaken, lost, doubled }) => retaken === held && lost === 0 && doubled === 0,
  )
}

interface Usage {
  commandsPerSecond: number
  /** Share of a core that Redis uses. */
  redisCpu: number
}

interface Measured {
  workers: number
  processes: number
  connections: number
  usedMb: number
  idle: Usage
  loaded: Usage
  jobs: number
  jobsPerSecond: number
  claimMs: { median: number; p99: number }
  killedWorkers: number
  /** Jobs that they had, and those of them that others have taken. */
  held: number
  retaken: number
  lost: number
  doubled: number
}

interface BenchRedis {
  connection: { path: string }
  socket: string
  prefix: string
}

async function measure(
  server: BenchRedis,
  workers: number,
  seconds: number,
  jobMs: number,
): Promise<Measured> {
  const redis = connect(server, blockingOptions, () => {})
  const queue = new JobQueue(server.prefix, redis, () => {})
  const runs = new JobRuns()
  const processes = Math.min(maxProcesses, workers)
  const shareOf = (host: number) =>
    Math.floor(workers / processes) + (host < workers % processes ? 1 : 0)
  const hosts: ChildProcess[] = []
  try {
    for (let host = 0; host < processes; host++) {
      hosts.push(await startHost({ ...server, workers: shareOf(host), jobMs }, runs, host))
    }
    await sleep(5000)
    const idle = await usageOf(redis, () => sleep(seconds * 1000))
    const perSecond = (load * workers * 1000) / jobMs
    let number = 0
    const submit = async (forMs: number) => {
      for (const since = performance.now(); performance.now() - since < forMs; ) {
        const id = `job-${String(number).padStart(8, '0')}`
        runs.add(id, now())
        await queue.add({ id, createdAt: new Date().toISOString() })
        number++
        await sleep(Math.max(0, (number * 1000) / perSecond - (performance.now() - startedAt)))
      }
    }
    const startedAt = performance.now()
    const loaded = await usageOf(redis, () => submit(seconds * 1000))
    const jobsPerSecond = number / ((performance.now() - startedAt) / 1000)
    const claims = [...runs.claimMs]
    // one process dies under load, if others are left
    const victim = processes > 1 ? busiestOf(hosts, runs) : null
    if (victim !== null) await killHost(hosts[victim]!, runs, victim)
    await submit(5000)
    const waitMs = { timeoutMs: 120_000, intervalMs: 200 }
    await eventually('the end of all jobs', () => runs.areAllEnded, waitMs).catch(() => {})
    const info = await redis.info()
    return {
      workers,
      processes,
      connections: numberIn(info, 'connected_clients'),
      usedMb: numberIn(info, 'used_memory') / 1e6,
      idle,
      loaded,
      jobsPerSecond,
      claimMs: { median: percentile(claims, 0.5), p99: percentile(claims, 0.99) },
      killedWorkers: victim === null ? 0 : shareOf(victim),
      ...runs.summary(),
    }
  } finally {
    for (const host of hosts) host.kill('SIGKILL')
    await queue.close()
    redis.disconnect()
  }
}

async function startHost(
  { socket, prefix, workers, jobMs }: HostOptions,
  runs: JobRuns,
  index: number,
): Promise<ChildProcess> {
  const options: HostOptions = { socket, prefix, workers, jobMs }
  const host = fork(hostScript, [JSON.stringify(options)])
  const kill = () => host.kill('SIGKILL')
  process.once('exit', kill)
  host.once('exit', () => process.off('exit', kill))
  await once(host, 'message')
  host.on('message', (message: FromHost) => {
    if (message.type !== 'ready') runs.hear(index, message)
  })
  return host
}

/** Workers race for each job, so those of one process may have none. */
function busiestOf(hosts: readonly ChildProcess[], runs: JobRuns): number {
  const held = hosts.map((_, host) => runs.heldBy(host).length)
  return held.indexOf(Math.max(...held))
}

async function killHost(host: ChildProcess, runs: JobRuns, index: number): Promise<void> {
  const at = now()
  // what it has sent is heard before this
  const closed = once(host, 'close')
  host.kill('SIGKILL')
  await closed
  runs.markKilled(index, at)
}

async function usageOf(redis: Redis, work: () => Promise<unknown>): Promise<Usage> {
  const before = await redis.info()
  const since = performance.now()
  await work()
  const seconds = (performance.now() - since) / 1000
  const after = await redis.info()
  const grown = (name: string) => numberIn(after, name) - numberIn(before, name)
  return {
    commandsPerSecond: grown('total_commands_processed') / seconds,
    redisCpu: (grown('used_cpu_user') + grown('used_cpu_sys')) / seconds,
  }
}

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])

const columns = [
  ...['workers', 'connections', 'Redis MB', 'idle commands/s', 'idle CPU %'],
  ...['jobs/s', 'commands/s', 'CPU %', 'claim p50 ms', 'p99 ms'],
  ...['jobs', 'workers killed', 'their jobs', 'taken again', 'lost', 'ended twice'],
]

function cells(row: Measured): string[] {
  const { workers, connections, usedMb, idle, loaded, jobsPerSecond, claimMs } = row
  return [
    ...[String(workers), String(connections), usedMb.toFixed(1)],
    ...[idle.commandsPerSecond.toFixed(0), (idle.redisCpu * 100).toFixed(1)],
    ...[jobsPerSecond.toFixed(1), loaded.commandsPerSecond.toFixed(0)],
    ...[(loaded.redisCpu * 100).toFixed(1), claimMs.median.toFixed(1), claimMs.p99.toFixed(1)],
    ...[row.jobs, row.killedWorkers, row.held, row.retaken, row.lost, row.doubled].map(String),
  ]
}
