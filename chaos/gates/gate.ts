export interface Gate {
  promise: string /* 'P7' */
  what: string
  rounds: number
  run(rounds: number, say: (line: string) => void): Promise<GateResult>
}
export interface GateResult {
  rounds: number
  violations: string[]
  figures: Record<string, number>
}
