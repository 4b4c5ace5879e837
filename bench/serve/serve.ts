import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { parseCount, parseNames } from '../../testing/command-line.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { BenchError } from '../failure.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, table, writeReport } from '../report.js'
import { cases, type ServeCase } from './cases.js'
import { withMlflow } from './mlflow.js'
import type { RunningServer, WithServer } from './server.js'
import { withTrainyard } from './trainyard.js'
import { type ServedTrees, trainTrees } from './trees.js'
import { type Load, measureLoad } from './wrk.js'

const servers: Readonly<Record<string, WithServer>> = {
  trainyard: withTrainyard,
  mlflow: withMlflow,
}
const warmUpSeconds = 3

/**
 * Measures predictions over HTTP, one server after another: `[--cases trees-1,…] [--subjects trainyard,mlflow]
 * [--seconds n]` for each load. Writes a report; returns false if a request failed.
 */
export async function serveBench(args: string[]): Promise<boolean> {
  const names = { cases: cases.map(({ name }) => name), subjects: Object.keys(servers) }
  const { values } = parseArgs({
    args,
    options: {
      cases: { type: 'string', default: names.cases.join() },
      subjects: { type: 'string', default: names.subjects.join() },
      seconds: { type: 'string', default: '10' },
    },
  })
  const seconds = parseCount('seconds', values.seconds)
  const lookUp = (known: readonly string[]) => (name: string) => known.filter(one => one === name)
  const subjects = parseNames('subjects', values.subjects, lookUp(names.subjects), names.subjects)
  const chosen = parseNames('cases', values.cases, lookUp(names.cases), names.cases)
  const machine = await describeMachine()
  const trees = trainTrees(availableParallelism())
  const report: Report = {
    bench: 'serve',
    date: new Date().toISOString(),
    machine,
    settings: { seconds, warmUpSeconds },
    versions: {},
    rows: [],
    notRun: [],
    warnings: [],
  }
  const rows: string[][] = []
  let failed = 0
  for (const subject of subjects) {
    await servers[subject]!(trees, async server => {
      report.versions[subject] = server.versions
      for (const each of cases.filter(({ name }) => chosen.includes(name))) {
        await checkAnswer(server, each, trees, subject)
        for (const clients of each.clients) {
          const load = await measure(server, each, { clients, seconds })
          failed += load.failed
          rows.push([each.name, subject, ...cellsOf(load, clients, await server.memoryMb())])
          console.error(`bench: ${rows.at(-1)!.join(' ')}`)
        }
      }
    })
  }
  const text = `${heading(report)}\n${table(columns, rows)}`
  await writeReport({ ...report, settings: { ...report.settings, measured: rows } }, text)
  console.log(text)
  return failed === 0
}

const columns = ['case', 'subject', 'clients', 'requests/s', 'p50 ms', 'p99 ms', 'failed', 'MiB']

const cellsOf = (
  { requestsPerSecond, p50Ms, p99Ms, failed }: Load,
  clients: number,
  mb: number,
) => [
  String(clients),
  requestsPerSecond.toFixed(0),
  p50Ms.toFixed(2),
  p99Ms.toFixed(2),
  String(failed),
  String(mb),
]

const measure = (
  server: RunningServer,
  each: ServeCase,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<Load> =>
  withTempFolder(async folder => {
    const request = server.request(each)
    await measureLoad(request, { clients, seconds: warmUpSeconds, folder })
    return measureLoad(request, { clients, seconds, folder })
  })

/** Throws unless a server predicts what XGBoost predicts: speed says nothing about wrong answers. */
async function checkAnswer(
  server: RunningServer,
  each: ServeCase,
  { expected }: ServedTrees,
  subject: string,
): Promise<void> {
  const { url, headers, body } = server.request(each)
  const answer = await fetch(url, { method: 'POST', headers, body })
  const text = await answer.text()
  if (!answer.ok)
    throw new BenchError(`${subject} answered ${answer.status}: ${text.slice(0, 500)}`)
  const found = server.probabilities(text)
  const isRight = (value: number, i: number) => Math.abs(value - expected[i]!) < 1e-6
  if (found.length !== each.rows || !found.every(isRight))
    throw new BenchError(`${subject} predicts other values than XGBoost for ${each.name}`)
}
