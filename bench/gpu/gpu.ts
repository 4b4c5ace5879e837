import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  type OptionValues,
  parseCount,
  parseNames,
  scriptCommand,
  UsageError,
} from '../../src/script-options.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { heldOutRows } from '../boosting/cases.js'
import { writeTable } from '../boosting/tables.js'
import { BenchError } from '../failure.js'
import { describeMachine } from '../machine.js'
import { type Report, writeReport } from '../report.js'
import type { Ready } from '../subject-protocol.js'
import { unsupportedReason } from '../train/subjects.js'
import { casesNamed, networkCases } from './cases.js'
import { type Measured, measure } from './measure.js'
import { lookAround, missingFor } from './requirements.js'
import { boostingProgram, type Machine, programOf, subjectNames } from './subjects.js'
import { type GpuRow, gpuTable } from './table.js'

const known = networkCases.map(({ name }) => name)

const options = {
  device: { value: 'cuda|cpu', default: 'cuda', help: 'cpu tries whether the programs run' },
  minutes: { value: 'N', default: '8', help: 'after which nothing new is begun' },
  cases: { value: 'A,B', default: known.join(), help: 'networks, batches and precisions' },
  subjects: { value: 'A,B', default: subjectNames.join(), help: 'what trains' },
  steps: { value: 'N', default: '20', help: 'steps that are measured' },
  rows: { value: 'N', default: '400000', help: 'rows of boosting' },
} as const

/** Of a case, at most: compilations can take minutes, and the other cases shall be measured too. */
const maxCaseMs = 100_000
/** Less time than a program takes to start. */
const minCaseMs = 15_000

export const gpuBench = scriptCommand(
  {
    command: 'npm run bench -- gpu',
    summary:
      'Trains on a GPU: images per second of networks by batch and precision, and boosting, beside PyTorch if it is there. Says what the machine lacks; fails if a program failed.',
    options,
  },
  runGpu,
)

async function runGpu(values: OptionValues<typeof options>): Promise<boolean> {
  const { device } = values
  if (device !== 'cuda' && device !== 'cpu') {
    throw new UsageError(`--device is '${device}', expected cuda or cpu`)
  }
  const minutes = parseCount('minutes', values.minutes)
  const steps = parseCount('steps', values.steps)
  const rows = parseCount('rows', values.rows)
  const lookUp = (name: string) => subjectNames.filter(each => each === name)
  const names = parseNames('subjects', values.subjects, lookUp, subjectNames)
  const cases = parseNames('cases', values.cases, casesNamed, known)
  const endsAt = performance.now() + minutes * 60_000

  const found = await lookAround()
  const missing = missingFor(device, found)
  if (missing.needed.length > 0) {
    throw new BenchError(`nothing was measured. Missing is ${missing.needed.join('; and ')}`)
  }
  const machine: Machine = { device, threads: availableParallelism(), torch: found.torch }
  const report: Report<GpuRow> = {
    bench: 'gpu',
    date: new Date().toISOString(),
    machine: await describeMachine(),
    settings: { device, minutes, steps, threads: machine.threads, boostingRows: rows },
    versions: {},
    rows: [],
    notRun: [],
    warnings: [
      ...(device === 'cpu' ? ['This tried the programs on a processor: it measured no GPU.'] : []),
      ...missing.optional.map(each => `Missing is ${each}.`),
    ],
  }
  let passed = true
  const run = async (
    name: string,
    subject: string,
    work: (timeoutMs: number) => Promise<GpuRow>,
  ) => {
    const left = Math.min(endsAt - performance.now(), maxCaseMs)
    try {
      if (left < minCaseMs) throw new LeftOut(`the ${minutes} minutes were over`)
      report.rows.push(await work(left))
      console.error(`bench: ${name}, ${subject}: ${report.rows.at(-1)!.medianMs.toFixed(1)} ms`)
    } catch (error) {
      if (!(error instanceof BenchError)) throw error
      passed &&= error instanceof LeftOut
      report.notRun.push({ case: name, subject, reason: error.message })
      console.error(`bench: ${name}, ${subject} was not measured: ${error.message}`)
    }
    // after each, so that what is ended has a report
    await writeReport(report, gpuTable(report))
  }

  await withTempFolder(async folder => {
    for (const each of cases) {
      for (const subject of names) {
        const program = programOf(subject, machine)
        if (!program) continue
        await run(each.name, subject, timeoutMs => {
          const reason = unsupportedReason('trainyard', each, device)
          if (reason) throw new LeftOut(reason)
          return withTempFolder(async tempFolder => {
            const request = { ...each, tempFolder }
            const measured = await measure(program, request, { warmUp: 5, steps, timeoutMs })
            report.versions[subject] = measured.started.versions
            return rowOf(each.name, subject, each.batch, measured, report.rows)
          })
        })
      }
    }
    // a table of millions of rows takes a while to write: it comes last
    const table = join(folder, 'table')
    const heldOut = join(folder, 'held')
    const name = `boosting-${rows}-rows-100-trees`
    for (const on of device === 'cuda' ? (['cuda', 'cpu'] as const) : (['cpu'] as const)) {
      const subject = on === device ? 'trainyard' : 'trainyard-cpu'
      await run(name, subject, async timeoutMs => {
        if (on === device) {
          await writeTable(table, rows, 1)
          await writeTable(heldOut, heldOutRows, 2)
        }
        const request = {
          ...{ task: 'train', rows, trees: 100, threads: machine.threads, device: on },
          ...{ tempFolder: folder, table, heldOut },
          ...{ model: join(folder, 'model'), predictions: join(folder, 'predictions') },
        }
        const program = boostingProgram(on, machine.threads)
        const measured = await measure(program, request, { warmUp: 0, steps: 2, timeoutMs })
        return rowOf(name, subject, rows, measured, report.rows)
      })
    }
  })
  const text = gpuTable(report)
  console.error(`bench: wrote ${await writeReport(report, text)}`)
  console.log(text)
  return passed
}

/** Not run, but not failed either. */
class LeftOut extends BenchError {}

/** `items`: what a step trains on. */
function rowOf(
  name: string,
  subject: string,
  items: number,
  { started, gpuBytes, ...measured }: Measured<Ready>,
  rows: readonly GpuRow[],
): GpuRow {
  const ours = rows.find(row => row.case === name && row.subject === 'trainyard')
  return {
    ...{ case: name, subject, ...measured, gpuBytes },
    itemsPerSecond: (1000 * items) / measured.medianMs,
    firstStepSeconds: started.firstStepSeconds,
    ratio: subject === 'trainyard' ? 1 : ours ? measured.medianMs / ours.medianMs : null,
  }
}
