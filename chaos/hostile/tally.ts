import type { Outcome, RawRequest } from './requests/exchange.js'

const maxExamples = 20

/** Counts what a server made of hostile requests. */
export class Tally {
  requests = 0
  /** Answers of 500 and above, except 503 with Retry-After. */
  errors5xx = 0
  /** Requests and connections that got nothing within their limit, though something was due. */
  unanswered = 0
  /** Answers that hold a stack, a path of the server or the key, and results that are wrong. */
  wrong = 0
  /** 503 with Retry-After. */
  overloaded = 0
  /** A large body was refused, and the reset of the connection overtook the answer. */
  cutShort = 0
  /** What a process in the middle of being killed or stopped did not answer. */
  interrupted = 0
  readonly kinds: Record<string, number> = {}
  readonly statuses: Record<string, number> = {}
  private readonly ms: Record<string, number> = {}
  private slowest = { label: 'none', ms: 0 }
  private examples = 0
  private interruptions = 0
  private lastInterruption = -1

  constructor(
    /** Texts that no answer may contain. */
    private readonly secrets: readonly string[],
    private readonly log: (line: string) => void,
  ) {}

  /** Until `work` ends, requests may break off: the process that serves them is killed or stopped. */
  async whileInterrupted<T>(work: () => Promise<T>): Promise<T> {
    this.interruptions++
    try {
      return await work()
    } finally {
      this.interruptions--
      this.lastInterruption = performance.now()
    }
  }

  /** `label` says how to find the request again. */
  judge(kind: string, label: string, request: RawRequest, outcome: Outcome): void {
    const { due, answers: expected = 1 } = request
    this.requests += expected
    this.kinds[kind] = (this.kinds[kind] ?? 0) + expected
    this.ms[kind] = (this.ms[kind] ?? 0) + outcome.ms
    if (outcome.ms > this.slowest.ms) this.slowest = { label: `${kind} ${label}`, ms: outcome.ms }
    const fail = (what: string) => this.report(`${kind} ${label}: ${what}`)
    for (const { status, headers, body } of outcome.answers) {
      this.statuses[status] = (this.statuses[status] ?? 0) + 1
      if (status === 503 && headers.has('retry-after')) this.overloaded++
      else if (status >= 500) {
        this.errors5xx++
        fail(`${status} ${body.slice(0, 300)}`)
      }
      const told = this.secretIn(body)
      if (told !== null) {
        this.wrong++
        fail(`the answer tells '${told}': ${body.slice(0, 500)}`)
      }
    }
    if (isServed(due, outcome)) return
    if (this.interruptions > 0 || this.lastInterruption > performance.now() - outcome.ms) {
      this.interrupted++
    } else if (outcome.end === 'closed' && outcome.answers.length === 0 && isLarge(request)) {
      this.cutShort++
    } else {
      this.unanswered += due === 'answer' ? expected - outcome.answers.length : 1
      const got = `${outcome.answers.length} of ${expected} answers`
      fail(`${outcome.end} after ${outcome.ms.toFixed(0)} ms with ${got}`)
    }
  }

  /** The request that waited longest for its answer since the last call. */
  takeSlowest(): string {
    const { label, ms } = this.slowest
    this.slowest = { label: 'none', ms: 0 }
    return `${label}, ${ms.toFixed(0)} ms`
  }

  /** The mean time of each kind in milliseconds, slowest first. */
  times(): string {
    const means = Object.entries(this.ms).map(
      ([kind, ms]) => [kind, ms / this.kinds[kind]!] as const,
    )
    const sorted = means.toSorted(([, a], [, b]) => b - a)
    return sorted.map(([kind, ms]) => `${kind} ${ms.toFixed(0)}`).join(', ')
  }

  /** A result that is wrong, or a promise that was not kept. */
  addWrong(what: string): void {
    this.wrong++
    this.report(what)
  }

  private secretIn(body: string): string | null {
    const stack = /\n\s+at .+:\d+:\d+/.exec(body)
    return stack?.[0].trim() ?? this.secrets.find(secret => body.includes(secret)) ?? null
  }

  private report(what: string): void {
    if (++this.examples <= maxExamples) this.log(what)
    else if (this.examples === maxExamples + 1) this.log('… and more')
  }
}

function isServed(due: RawRequest['due'], { end }: Outcome): boolean {
  if (end === 'refused') return false
  if (due === 'nothing' || end === 'complete' || end === 'left') return true
  return due === 'end' && end === 'closed'
}

/** More than the buffers of a connection hold, so that the server may answer before it has all. */
function isLarge({ parts }: RawRequest): boolean {
  return parts.reduce((sum, part) => sum + (Buffer.isBuffer(part) ? part.length : 0), 0) > 65_536
}
