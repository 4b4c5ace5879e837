import { heading, type Report, table } from '../report.js'
import type { ServeCase } from './cases.js'
import { goalsOf } from './goals.js'
import type { CaseResult } from './measure-case.js'

export interface MeasuredCase {
  case: ServeCase
  result: CaseResult
}

export function serveTable(report: Report, results: readonly MeasuredCase[]): string {
  const parts = [
    heading(report),
    'Networks are trained for a moment on tinted crops of two photographs: their accuracy shows only whether servers predict the same. Differences are those from the first subject, of trees from XGBoost. The CPU time of a request is that of all processes of its server; it depends least on what else the machine does. Refused clients (429, 503) wait a second. Under overload, clients give up after the bound.\n',
    loads(results),
    servers(results),
    raw(results),
    goals(results),
    ...report.notRun.map(
      ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
    ),
  ]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

function loads(results: readonly MeasuredCase[]): string {
  const columns = [
    'case',
    'subject',
    'clients',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'CPU ms / request',
    'refused',
    'failed',
  ]
  const rows = results.flatMap(({ case: { name }, result }) =>
    result.servers.flatMap(({ subject, loads }) =>
      loads.map(load => [
        name,
        subject,
        String(load.clients),
        load.requestsPerSecond.toFixed(1),
        load.p50Ms.toFixed(2),
        load.p99Ms.toFixed(2),
        load.cpuMsPerRequest.toFixed(2),
        String(load.refused),
        String(load.failed),
      ]),
    ),
  )
  return table(columns, rows)
}

function servers(results: readonly MeasuredCase[]): string {
  const columns = [
    ...['case', 'subject', 'start s', 'MiB', 'accuracy', 'same class', 'largest difference'],
    ...['requests/s within the bound', 'overload: sent/s', 'answered/s', 'refused'],
    ...['slowest refusal ms', 'late', 'failed', 'client lag ms'],
  ]
  const rows = results.flatMap(({ case: each, result }) =>
    result.servers.map(({ subject, startSeconds, memoryMb, answers, loads, overload }) => {
      const bounded = loads.filter(({ p99Ms, refused }) => p99Ms <= each.boundMs && refused === 0)
      const best = Math.max(0, ...bounded.map(({ requestsPerSecond }) => requestsPerSecond))
      return [
        each.name,
        subject,
        startSeconds.toFixed(1),
        String(memoryMb),
        answers.accuracy === null ? '' : percent(answers.accuracy),
        percent(answers.agreement),
        answers.largestDifference.toPrecision(2),
        `${best.toFixed(1)} (p99 ≤ ${each.boundMs} ms)`,
        ...(overload
          ? [
              overload.sentPerSecond.toFixed(1),
              overload.goodPerSecond.toFixed(1),
              String(overload.refused),
              overload.slowestRefusalMs?.toFixed(1) ?? '',
              String(overload.late),
              String(overload.failed),
              overload.lagMs.toFixed(1),
            ]
          : Array<string>(7).fill('')),
      ]
    }),
  )
  return table(columns, rows)
}

function raw(results: readonly MeasuredCase[]): string {
  const rows = results.flatMap(({ case: { name }, result }) =>
    Object.entries(result.raw ?? {}).map(([precision, { imagesPerSecond, singleMs }]) => [
      name,
      `openvino alone, ${precision}`,
      imagesPerSecond.toFixed(1),
      singleMs.toFixed(2),
    ]),
  )
  return rows.length > 0 ? table(['case', 'subject', 'images/s', 'one image ms'], rows) : ''
}

function goals(results: readonly MeasuredCase[]): string {
  const rows = results.flatMap(({ case: each, result }) =>
    goalsOf(each, result).map(({ goal, wanted, found, isMet }) => [
      each.name,
      goal,
      wanted,
      found,
      isMet ? 'yes' : 'no',
    ]),
  )
  return rows.length > 0 ? table(['case', 'goal', 'wanted', 'found', 'met'], rows) : ''
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
