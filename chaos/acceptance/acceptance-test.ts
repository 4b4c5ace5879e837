/** A guarantee that is put to the test at the size at which it is given. */
export interface AcceptanceTest {
  /** As in the table of docs/chaos.md: 'P4'. */
  guarantee: string
  description: string
  /** How many are made where nobody asks for another number. */
  rounds: number
  run(rounds: number, log: (line: string) => void): Promise<AcceptanceResult>
}

export interface AcceptanceResult {
  rounds: number
  /** Each with enough to understand it. */
  violations: string[]
  measurements: Record<string, number>
}
