import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BenchError } from '../failure.js'
import { resultsFolder } from '../paths.js'
import { heading, type Report, table } from '../report.js'
import type { TrainingRow } from '../train/table.js'
import {
  type MeasuredWorkers,
  type SimulatedStep,
  type StepCosts,
  simulateFirstAdds,
  simulateRing,
  simulateWorkers,
  workerCosts,
} from './simulation.js'
import { exchanges } from './subjects.js'

const workerCounts = [10, 100, 300, 1000]
const deviceCounts = [2, 4, 8, 16, 32, 64]

/** Bytes per second in one direction, by their specifications. */
const nominalLinks: Readonly<Record<string, number>> = {
  'NVLink 4': 450e9,
  'PCIe 5.0 x16': 63e9,
  'InfiniBand NDR': 50e9,
  '100 Gbit/s Ethernet': 12.5e9,
  '10 Gbit/s Ethernet': 1.25e9,
}

export interface SimulationOptions {
  jobSeconds: readonly number[]
  /** Null: as measured. */
  stepMs: number | null
}

type WorkersReport = Report & { measured: MeasuredWorkers[]; settings: { load: number } }

/** The newest reports, and what follows from them. */
export async function simulation({ jobSeconds, stepMs }: SimulationOptions): Promise<string> {
  const workers = await newest<WorkersReport>('workers')
  const scale = await newest<Report<TrainingRow>>('scale')
  return [
    '# Simulation: no more than the inputs was measured\n',
    '## Workers of one Redis\n',
    workersPart(workers, jobSeconds),
    '## Devices of one job\n',
    devicesPart(scale, stepMs),
  ].join('\n')
}

async function newest<R extends Report>(bench: string): Promise<R> {
  const names = await readdir(resultsFolder)
  // they begin with the time
  const name = names
    .filter(each => each.includes(`-${bench}-`) && each.endsWith('.json'))
    .sort()
    .at(-1)
  if (name === undefined)
    throw new BenchError(
      `there is no report of it in bench/results: run npm run bench -- ${bench} first`,
    )
  return JSON.parse(await readFile(join(resultsFolder, name), 'utf8')) as R
}

function workersPart(report: WorkersReport, jobSeconds: readonly number[]): string {
  const { measured, settings } = report
  const { load } = settings
  if (new Set(measured.map(({ workers }) => workers)).size < 2)
    throw new BenchError(
      `the newest report of workers, of ${report.date}, has no two numbers of workers: run npm run bench -- workers`,
    )
  const costs = workerCosts(measured, load)
  const rows = jobSeconds
    .flatMap(seconds =>
      workerCounts.map(workers => simulateWorkers(costs, { workers, jobSeconds: seconds, load })),
    )
    .map(row => [
      ...[row.workers.toLocaleString('en'), String(row.jobSeconds), row.jobsPerSecond.toFixed(2)],
      ...[row.commandsPerSecond.toFixed(0), (row.redisCpu * 100).toFixed(1)],
      ...[row.claimMs === null ? 'too many' : row.claimMs.toFixed(1)],
      ...[row.connections.toFixed(0), row.megabytes.toFixed(0)],
    ])
  const columns = ['workers', 'job s', 'jobs/s', 'commands/s', 'Redis CPU %', 'claim ms']
  return [
    heading(report).replace(/^# /, 'Measured: '),
    `- commands/s = ${costs.idleCommands.toFixed(1)} x workers + jobs/s x (${costs.jobCommands.toFixed(0)} + ${costs.wakeCommands.toFixed(1)} x idle workers)`,
    `- jobs/s = ${load} x workers / job s; idle workers = ${(1 - load).toFixed(1)} x workers`,
    `- Redis CPU = commands/s x ${(costs.commandSeconds * 1e6).toFixed(1)} us, of one core`,
    `- claim = ${costs.claimMs.toFixed(1)} ms / (1 - Redis CPU): one server with a queue before it; the workers of the bench shared this machine with it`,
    '',
    table([...columns, 'connections', 'Redis MB'], rows),
    'The model beside what was measured:\n',
    comparison(measured, load, costs),
  ].join('\n')
}

/** How well the line fits the points that it was drawn through. */
function comparison(
  measured: readonly MeasuredWorkers[],
  load: number,
  costs: ReturnType<typeof workerCosts>,
): string {
  const rows = measured.map(row => {
    const { workers, jobsPerSecond, loaded, claimMs } = row
    const jobSeconds = (load * workers) / jobsPerSecond
    const modelled = simulateWorkers(costs, { workers, jobSeconds, load })
    return [
      ...[String(workers), loaded.commandsPerSecond.toFixed(0)],
      ...[modelled.commandsPerSecond.toFixed(0), claimMs.median.toFixed(1)],
      modelled.claimMs?.toFixed(1) ?? 'too many',
    ]
  })
  return table(['workers', 'commands/s', 'model', 'claim ms', 'model'], rows)
}

function devicesPart(report: Report<TrainingRow>, stepMs: number | null): string {
  const name = report.rows[0]!.case
  const of = (subject: string) =>
    report.rows.find(row => row.case === name && row.subject === subject)
  const step = of('trainyard')
  if (!step) throw new BenchError(`the newest report of scale, of ${report.date}, has no step`)
  const costs: StepCosts = { stepMs: stepMs ?? step.medianMs, bytes: 4 * step.parameters }
  const links = { ...measuredLink(of, costs), ...nominalLinks }
  const speedUps = (
    simulate: (costs: StepCosts, devices: number, link: number) => SimulatedStep,
  ): string =>
    table(
      ['speed-up over', ...deviceCounts.map(count => `${count} devices`)],
      Object.entries(links).map(([link, bytesPerSecond]) => [
        `${link}, ${(bytesPerSecond / 1e9).toFixed(1)} GB/s`,
        ...deviceCounts.map(count => simulate(costs, count, bytesPerSecond).speedUp.toFixed(1)),
      ]),
    )
  const given = stepMs === null ? 'measured' : 'given by --step-ms'
  return [
    heading(report).replace(/^# /, 'Measured: '),
    `- ${name}: a step of one device with a batch of its own takes ${costs.stepMs.toFixed(1)} ms (${given}), and its gradients are ${(costs.bytes / 1e6).toFixed(1)} MB (4 bytes for each of ${step.parameters.toLocaleString('en')} weights)`,
    ...(stepMs === null
      ? [
          '- the device was a processor: a GPU ends its step sooner, and waits longer for the exchange in comparison. --step-ms N takes the step of yours',
        ]
      : []),
    '- links are nominal, by their specifications, except for the memory of this machine',
    '- speed-up = devices x step / (step + exchange): nothing is exchanged while devices compute',
    '',
    'As built, exchange = 2 x (devices - 1) x gradients / link: the first device gets all gradients, adds them in one order, and all read its weights.\n',
    speedUps(simulateFirstAdds),
    'In a ring, which is not built, exchange = 2 x (devices - 1) / devices x gradients / link; its sums depend on the number of devices.\n',
    speedUps(simulateRing),
  ].join('\n')
}

/** What another gradient of another device costs the update. */
function measuredLink(
  of: (subject: string) => TrainingRow | undefined,
  { bytes }: StepCosts,
): Record<string, number> {
  const [one, two] = Object.keys(exchanges).map(of)
  const ms = one && two ? two.medianMs - one.medianMs : 0
  return ms > 0 ? { 'memory of this machine': bytes / (ms / 1000) } : {}
}
