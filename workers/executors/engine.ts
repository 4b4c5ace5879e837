// What a remote executor needs of an engine that runs processes on other machines: Ray, Kubernetes, Slurm.

/** One attempt, as an engine is given it. */
export interface Submission {
  /** Unique for the attempt: an engine that has it already is not given it twice. */
  id: string
  job: string
  attempt: number
  /** Processes that start together, or not at all. */
  world: number
  /** What each needs. */
  cpus: number
  gpus: number
  memoryBytes: number | null
  /** Variables of each process. Engines show them to whoever may look, so no secret is among them. */
  environment: Readonly<Record<string, string>>
}

export type EngineState =
  /** It waits for a machine. `reason`: what the engine says of it; null if nothing. */
  | { kind: 'waiting'; reason: string | null }
  | { kind: 'running' }
  /** `reason` completes "Ray says: …". */
  | { kind: 'ended'; reason: string }
  /** The engine does not know it: it was never given, was removed, or the engine has lost its memory. */
  | { kind: 'unknown' }

/** Each method fails if the engine does not answer, or refuses. */
export interface Engine {
  /** As its users call it: `Ray`. */
  readonly name: string
  /** Why it runs no gang of several ranks; null if it does. */
  readonly gangProblem: string | null
  /** Does nothing if it has a submission of this id. Throws an `EngineRefusal` if it will never take it. */
  submit(submission: Submission): Promise<void>
  state(id: string): Promise<EngineState>
  /** Ends it and forgets it; does nothing if the engine does not know it. */
  stop(id: string): Promise<void>
  /** The last lines that its processes printed. */
  logs(id: string): Promise<string[]>
}

/** The engine refuses a submission and would refuse it again: its settings or its rights are wrong. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal'
}

/** As many lines of an engine's log say why a process could not start. */
export const maxLogLines = 20

export const lastLines = (text: string): string[] =>
  text
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(-maxLogLines)

/** The ports of a gang are open to whoever reaches them. */
export const noPrivateNetwork = (engine: string) =>
  `several trainers of one job need a network that nobody else reaches, and ${engine} gives them none: TRAINYARD_GANG_NETWORK=private says that the network of its nodes is one`
