import { loadavg } from 'node:os'
import { parseNames } from '../../src/script-options.js'
import type { AcceptanceResult, AcceptanceTest } from './acceptance-test.js'

/** The result of an acceptance test, as it is printed. */
export type AcceptanceReport = {
  rounds: number
  violations: number
} & AcceptanceResult['measurements']

/** Runs acceptance tests one after another. `rounds` replaces each test's own number. */
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

/** Counts a test that throws as one violation, so that the others still run. */
function failedResult(error: unknown): AcceptanceResult {
  const what = error instanceof Error ? error.stack : error
  return { rounds: 0, violations: [`the acceptance test failed: ${what}`], measurements: {} }
}

/** Selects the tests of a list such as 'P4,P10', or all tests if it is null. */
export function selectTests(
  tests: readonly AcceptanceTest[],
  list: string | null,
): readonly AcceptanceTest[] {
  if (list === null) return tests
  const known = tests.map(one => one.guarantee)
  const lookUp = (name: string) => tests.filter(({ guarantee }) => guarantee === name)
  return parseNames('acceptance', list, lookUp, known)
}
