export interface BenchRequest {
  url: string
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
}

/** A server that runs in processes of its own and answers the requests of a case. */
export interface RunningServer {
  versions: Readonly<Record<string, string>>
  /** Seconds from the start of its process to its first answer. */
  startSeconds: number
  /** Clients send them in turn. */
  requests: readonly BenchRequest[]
  /** The probabilities of the classes, for each row or image of an answer. */
  probabilities(answer: string): number[][]
  /** Resident memory in MiB, of all its processes. */
  memoryMb(): Promise<number>
  /** Time of all cores that its processes have used so far. */
  cpuSeconds(): Promise<number>
  /** Stops its processes while another server is measured, and lets them go on. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/** Starts a server, and ends it after `work`. */
export type WithServer<Input> = <T>(
  input: Input,
  work: (server: RunningServer) => Promise<T>,
) => Promise<T>
