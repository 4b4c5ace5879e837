import type { ServeCase } from './cases.js'
import type { ServedTrees } from './trees.js'

export interface BenchRequest {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
}

/** A server that runs in a process of its own and serves the trees. */
export interface RunningServer {
  versions: Readonly<Record<string, string>>
  request(each: ServeCase): BenchRequest
  /** The probability of the second class, for each row of an answer. */
  probabilities(answer: string): number[]
  /** Resident memory in MiB, of all its processes. */
  memoryMb(): Promise<number>
}

/** Starts a server, and stops it after `work`. */
export type WithServer = <T>(
  trees: ServedTrees,
  work: (server: RunningServer) => Promise<T>,
) => Promise<T>
