/** A promise that is put to the test at the size at which it is given. */
export interface Gate {
  /** As in the table of docs/chaos.md: 'P4'. */
  promise: string
  what: string
  /** How many are made where nobody asks for another number. */
  rounds: number
  run(rounds: number, say: (line: string) => void): Promise<GateResult>
}

export interface GateResult {
  rounds: number
  /** Each with enough to understand it. */
  violations: string[]
  figures: Record<string, number>
}
