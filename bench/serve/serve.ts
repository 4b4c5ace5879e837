import { availableParallelism } from 'node:os'
import {
  type OptionValues,
  parseCount,
  parseNames,
  scriptCommand,
} from '../../src/script-options.js'
import { BenchError } from '../failure.js'
import { describeMachine } from '../machine.js'
import { type Report, writeReport } from '../report.js'
import { type Answers, compareAnswers } from './answers.js'
import { cases, type NetworkCase, type ServeCase, type TreesCase } from './cases.js'
import { type CaseResult, type LoadOptions, measureCase } from './measure-case.js'
import { measureRaw } from './networks/raw-openvino.js'
import { openNetwork } from './networks/served-network.js'
import { serveTable } from './serve-table.js'
import type { WithServer } from './server.js'
import { networkServers, subjectNames, treeServers } from './subjects.js'
import { trainTrees } from './trees.js'

const caseNames = cases.map(({ name }) => name)

const options = {
  cases: { value: 'A,B', default: caseNames.join(), help: 'what is predicted' },
  subjects: { value: 'A,B', default: subjectNames.join(), help: 'the servers' },
  clients: { value: 'N,N', help: 'clients at the same time, in place of those of the case' },
  seconds: { value: 'N', default: '6', help: 'how long each load lasts' },
  rounds: { value: 'N', default: '2', help: 'how often each load is repeated' },
} as const

export const serveBench = scriptCommand(
  {
    command: 'npm run bench -- serve',
    summary:
      'Measures predictions over HTTP beside other servers, which take turns. Fails if a request failed or a server did not start.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const load: LoadOptions = {
    seconds: parseCount('seconds', values.seconds),
    rounds: parseCount('rounds', values.rounds),
    clients: values.clients?.split(',').map(count => parseCount('clients', count)),
  }
  const chosen = parseNames(
    'cases',
    values.cases,
    name => cases.filter(each => each.name === name),
    caseNames,
  )
  const subjects = parseNames(
    'subjects',
    values.subjects,
    name => subjectNames.filter(each => each === name),
    subjectNames,
  )
  const machine = await describeMachine()
  const report: Report = {
    bench: 'serve',
    date: new Date().toISOString(),
    machine,
    settings: { seconds: load.seconds, rounds: load.rounds },
    versions: {},
    rows: [],
    notRun: [],
    warnings: [],
  }
  const results: { case: ServeCase; result: CaseResult }[] = []
  for (const each of chosen) {
    console.error(`bench: ${each.name}`)
    const result = await runCase(each, subjects, load)
    results.push({ case: each, result })
    for (const { subject, versions } of result.servers) {
      report.versions[subject] = { ...report.versions[subject], ...versions }
    }
    report.notRun.push(...result.notRun.map(missing => ({ case: each.name, ...missing })))
    // after each case, so that an aborted run keeps its results
    const full = { ...report, results }
    console.error(`bench: wrote ${await writeReport(full, serveTable(report, results))}`)
  }
  console.log(serveTable(report, results))
  return results.every(
    ({ result }) =>
      result.notRun.length === 0 &&
      result.servers.every(({ loads }) => loads.every(({ failed }) => failed === 0)),
  )
}

const runCase = (
  each: ServeCase,
  subjects: readonly string[],
  options: LoadOptions,
): Promise<CaseResult> =>
  each.kind === 'network'
    ? runNetworkCase(each, subjects, options)
    : runTreesCase(each, subjects, options)

async function runNetworkCase(
  each: NetworkCase,
  subjects: readonly string[],
  options: LoadOptions,
): Promise<CaseResult> {
  const network = await openNetwork(each)
  const input = { network, side: each.side, files: each.files, threads: availableParallelism() }
  const classes = network.probes.map(({ label }) => network.manifest.labels.indexOf(label))
  // Trainyard's fp32 is the first subject; without it, the answers of the first one
  let reference: number[][] | undefined
  const check = (rows: number[][]): Answers => {
    reference ??= rows
    return compareAnswers(rows, reference, classes)
  }
  const servers = serversNamed(networkServers, subjects)
  const measured = await measureCase(each, input, servers, options, check)
  const seconds = options.rounds * options.seconds
  console.error('bench: OpenVINO without a server')
  const fp32 = await measureRaw(input, 'fp32', seconds)
  const bf16 = await measureRaw(input, 'bf16', seconds)
  return { ...measured, raw: { fp32, bf16 } }
}

async function runTreesCase(
  each: TreesCase,
  subjects: readonly string[],
  options: LoadOptions,
): Promise<CaseResult> {
  const trees = trainTrees(availableParallelism())
  const reference = Array.from(trees.expected, each => [1 - each, each])
  const input = { trees, rows: each.rows, format: each.format }
  const check = (rows: number[][], subject: string): Answers => {
    const answers = compareAnswers(rows, reference, null)
    if (rows.length === each.rows && answers.largestDifference < maxDifference) return answers
    // speed says nothing about wrong answers
    throw new BenchError(`${subject} predicts other values than XGBoost for ${each.name}`)
  }
  const servers = serversNamed(treeServers, subjects)
  return { ...(await measureCase(each, input, servers, options, check)), raw: null }
}

const maxDifference = 1e-6

const serversNamed = <Input>(
  servers: Readonly<Record<string, WithServer<Input>>>,
  subjects: readonly string[],
) => new Map(Object.entries(servers).filter(([name]) => subjects.includes(name)))
