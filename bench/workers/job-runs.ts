import type { FromHost } from './worker-host.js'

/** Redis is told of a job's end within this time. A worker that dies before that has not ended the job. */
const tellingMs = 1000

type Happening = Exclude<FromHost, { type: 'ready' }>

interface Run {
  host: number
  endedAt: number | null
}

/** What processes with workers have told of the jobs that they ran. */
export class JobRuns {
  private readonly addedAt = new Map<string, number>()
  private readonly runs = new Map<string, Run[]>()
  private killed: { host: number; at: number; held: readonly string[] } | null = null
  /** How long each job waited for its first worker. */
  readonly claimMs: number[] = []

  add(id: string, at: number): void {
    this.addedAt.set(id, at)
    this.runs.set(id, [])
  }

  hear(host: number, { type, id, at }: Happening): void {
    const runs = this.runs.get(id)!
    if (type === 'ended') runs.findLast(run => run.host === host)!.endedAt = at
    else {
      if (runs.length === 0) this.claimMs.push(at - this.addedAt.get(id)!)
      runs.push({ host, endedAt: null })
    }
  }

  /** Jobs that a process has taken and not ended. */
  heldBy(host: number): string[] {
    const isHeld = (run: Run) => run.host === host && run.endedAt === null
    return [...this.runs].flatMap(([id, runs]) => (runs.some(isHeld) ? [id] : []))
  }

  /** Call when a process is dead and nothing more is heard of it. `at`: when it was killed. */
  markKilled(host: number, at: number): void {
    this.killed = { host, at, held: this.heldBy(host) }
  }

  get areAllEnded(): boolean {
    return this.lost === 0
  }

  private get lost(): number {
    const hasEnded = (runs: Run[]) => runs.some(({ endedAt }) => endedAt !== null)
    return [...this.runs.values()].filter(runs => !hasEnded(runs)).length
  }

  /** `held`: jobs of workers that were killed; `retaken`: those of them that others have taken. */
  summary() {
    const { killed, runs } = this
    const held = killed?.held ?? []
    const isRetaken = (id: string) => runs.get(id)!.at(-1)!.host !== killed!.host
    const isLasting = ({ host, endedAt }: Run) =>
      endedAt !== null && !(host === killed?.host && endedAt > killed.at - tellingMs)
    return {
      jobs: runs.size,
      held: held.length,
      retaken: held.filter(isRetaken).length,
      lost: this.lost,
      doubled: [...runs.values()].filter(each => each.filter(isLasting).length > 1).length,
    }
  }
}
