import { BenchError } from '../failure.js'
import type { RunningServer } from './server.js'

/** How right the answers of a server are. */
export interface Answers {
  /** Share of the requests that are answered with the right class; null where no class is known. */
  accuracy: number | null
  /** Share that is answered with the class of the reference. */
  agreement: number
  /** The largest difference of a probability from that of the reference. */
  largestDifference: number
}

/** Asks each request once, one after another; returns the probabilities of all rows. */
export async function readAnswers({ requests, probabilities }: RunningServer): Promise<number[][]> {
  const rows: number[][] = []
  for (const { url, headers, body } of requests) {
    const answer = await fetch(url, { method: 'POST', headers, body })
    const text = await answer.text()
    if (!answer.ok) throw new BenchError(`it answered ${answer.status}: ${text.slice(0, 500)}`)
    rows.push(...probabilities(text))
  }
  return rows
}

/** `classes`: the right class of each row, by index. */
export function compareAnswers(
  rows: readonly number[][],
  reference: readonly number[][],
  classes: readonly number[] | null,
): Answers {
  const top = (row: readonly number[]) => row.indexOf(Math.max(...row))
  const share = (isTrue: (row: number[], i: number) => boolean) =>
    rows.filter(isTrue).length / rows.length
  const differences = rows.flatMap((row, i) =>
    row.map((value, j) => Math.abs(value - reference[i]![j]!)),
  )
  return {
    accuracy: classes && share((row, i) => top(row) === classes[i]),
    agreement: share((row, i) => top(row) === top(reference[i]!)),
    largestDifference: differences.reduce((a, b) => Math.max(a, b), 0),
  }
}
