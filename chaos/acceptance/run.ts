// Gates one after another: each has the machine for itself.
import { loadavg } from 'node:os'
import type { Gate, GateResult } from './acceptance-test.js'

/** What came of a gate, as it is printed. */
export type GateReport = { rounds: number; violations: number } & GateResult['figures']

/** `rounds`: instead of each gate's own number. */
export async function runGates(
  gates: readonly Gate[],
  rounds: number | null,
): Promise<Record<string, GateReport>> {
  const reports: Record<string, GateReport> = {}
  for (const gate of gates) {
    const { promise, what } = gate
    const started = Date.now()
    const seconds = () => Math.round((Date.now() - started) / 100) / 10
    const say = (line: string) => console.error(`${promise} ${seconds().toFixed(1)} s ${line}`)
    const load = loadavg()[0]!
    const asked = rounds ?? gate.rounds
    say(`${what}: ${asked} rounds, at a load of ${load.toFixed(1)}`)
    const result = await gate.run(asked, say).catch(unfinished)
    for (const violation of result.violations) say(`VIOLATION ${violation}`)
    const { violations, figures } = result
    reports[promise] = {
      ...{ rounds: result.rounds, violations: violations.length },
      ...figures,
      ...{ seconds: seconds(), loadBefore: Math.round(load * 10) / 10 },
    }
    say(JSON.stringify(reports[promise]))
  }
  return reports
}

/** The other gates are still worth their run. */
function unfinished(error: unknown): GateResult {
  const what = error instanceof Error ? error.stack : error
  return { rounds: 0, violations: [`the gate could not end: ${what}`], figures: {} }
}

/** Those of a list such as 'P4,P10'; all where it is null. */
export function chosen(gates: readonly Gate[], list: string | null): readonly Gate[] {
  if (list === null) return gates
  return list.split(',').map(promise => {
    const gate = gates.find(one => one.promise === promise)
    const known = gates.map(one => one.promise).join(', ')
    if (!gate) throw new Error(`there is no gate '${promise}'; there are ${known}`)
    return gate
  })
}
