import { deadline } from '../deadline.js'

/** Tests one guarantee at the size that docs/chaos.md states. */
export interface AcceptanceTest {
  /** Its number in docs/chaos.md, such as 'P4'. */
  guarantee: string
  description: string
  /** Rounds of a full run. */
  rounds: number
  run(rounds: number, log: (line: string) => void): Promise<AcceptanceResult>
}

export interface AcceptanceResult {
  rounds: number
  /** One sentence each. */
  violations: string[]
  measurements: Record<string, number>
}

/** Ends the waits of an acceptance test. At its stated size each test takes less than half an hour. */
export const testDeadline = (guarantee: string): AbortSignal =>
  deadline(`the acceptance test ${guarantee}`, 2 * 60 * 60_000)
