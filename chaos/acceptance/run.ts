// Gates one after another: each has the machine for itself.
import { loadavg } from 'node:os'
import type { AcceptanceResult, AcceptanceTest } from './acceptance-test.js'

/** What came of a gate, as it is printed. */
export type AcceptanceReport = {
  rounds: number
  violations: number
} & AcceptanceResult['measurements']

/** `rounds`: instead of each gate's own number. */
export async function runAcceptanceTests(
  tests: readonly AcceptanceTest[],
  rounds: number | null,
): Promise<Record<string, AcceptanceReport>> {
  const reports: Record<string, AcceptanceReport> = {}
  for (const test of tests) {
    const { guarantee, description } = test
    const started = Date.now()
    const seconds = () => Math.round((Date.now() - started) / 100) / 10
    const log = (line: string) => console.error(`${guarantee} ${seconds().toFixed(1)} s ${line}`)
    const load = loadavg()[0]!
    const requestedRounds = rounds ?? test.rounds
    log(`${description}: ${requestedRounds} rounds, at a load of ${load.toFixed(1)}`)
    const result = await test.run(requestedRounds, log).catch(failedResult)
    for (const violation of result.violations) log(`VIOLATION ${violation}`)
    const { violations, measurements } = result
    reports[guarantee] = {
      rounds: result.rounds,
      violations: violations.length,
      ...measurements,
      seconds: seconds(),
      loadBefore: Math.round(load * 10) / 10,
    }
    log(JSON.stringify(reports[guarantee]))
  }
  return reports
}

/** The other gates are still worth their run. */
function failedResult(error: unknown): AcceptanceResult {
  const what = error instanceof Error ? error.stack : error
  return { rounds: 0, violations: [`the gate could not end: ${what}`], measurements: {} }
}

/** Those of a list such as 'P4,P10'; all where it is null. */
export function selectTests(
  tests: readonly AcceptanceTest[],
  list: string | null,
): readonly AcceptanceTest[] {
  if (list === null) return tests
  return list.split(',').map(guarantee => {
    const test = tests.find(one => one.guarantee === guarantee)
    const known = tests.map(one => one.guarantee).join(', ')
    if (!test) throw new Error(`there is no gate '${guarantee}'; there are ${known}`)
    return test
  })
}
