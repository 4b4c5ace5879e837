import { isTraceLine, toOneLine } from '../../src/errors.js'
import type { AttemptEnd } from '../../src/jobs/record/records.js'
import type { FailureCode } from '../../src/spec/failure-codes.js'
import { crashCause, unavailableExitCode } from '../failure.js'
import type { TrainerExit } from './trainer-process.js'

/** What an attempt died of. */
export interface AttemptDeath {
  end: Extract<AttemptEnd, 'crashed' | 'killed' | 'unavailable'>
  /** The job's failure if its attempts go on to end like this; null if the machine is at fault. */
  cause: FailureCode | null
  /** Completes "the attempt …", in one line. */
  text: string
}

/** What the worker knows beside the exit of the trainer. */
export interface DeathCircumstances {
  /** The kernel killed a process for lack of memory while the attempt ran. */
  oomKilled: boolean
  /** Why the disk takes no writes at the moment; null if it does. */
  diskProblem: string | null
}

/** Signals that the processor or a library raises, and what they mean. */
const nativeSignals: Partial<Record<NodeJS.Signals, string>> = {
  SIGSEGV: ' in native code',
  SIGBUS: ' in native code: a file it had mapped became shorter, or the memory is faulty',
  SIGILL: ' in native code: the processor lacks an instruction that the library uses',
  SIGFPE: ' in native code',
  SIGABRT: ', by which native code gives up',
  SIGSYS: ' because a security policy forbids a system call',
  SIGTRAP: ' in native code',
}

/** Finds out why a trainer that did not report a result has ended. */
export function explainDeath(exit: TrainerExit, circumstances: DeathCircumstances): AttemptDeath {
  const { rank } = exit
  const death = ownDeath(exit, circumstances)
  if (!rank) return death
  return { ...death, text: `ended with its rank ${rank}, which ${death.text}` }
}

function ownDeath(
  { code, signal, lost, error, killReason, outputTail }: TrainerExit,
  { oomKilled, diskProblem }: DeathCircumstances,
): AttemptDeath {
  const line = error?.message ?? errorLine(outputTail)
  const colonLine = line === null ? '' : `: ${line}`
  if (signal === 'SIGKILL' && killReason) {
    const end = killReason.kind === 'silent' ? 'crashed' : 'killed'
    return { end, cause: end, text: `was ended by its worker: it was ${killReason.text}` }
  }
  if (signal === 'SIGKILL' && oomKilled) {
    const text = 'was ended by the kernel for lack of memory (SIGKILL, oom_kill)'
    return { end: 'killed', cause: 'out_of_memory', text }
  }
  const isNative = signal !== null && signal in nativeSignals
  if (signal !== null && !isNative) {
    const text = `was ended by ${signal}, which its worker did not send`
    return { end: 'killed', cause: 'killed', text }
  }
  if (lost !== null)
    return { end: 'killed', cause: 'killed', text: `was lost: ${lost}${colonLine}` }
  if (code === unavailableExitCode) return unavailable(line ?? 'the machine failed')
  // whatever native code makes of a failed write
  if (diskProblem !== null) return unavailable(`${diskProblem}${line === null ? '' : `; ${line}`}`)
  if (code === null && signal === null) return unavailable(`no trainer can be started${colonLine}`)
  const cause = error?.cause ?? crashCause(outputTail.join('\n'))
  if (isNative) {
    const text = `was ended by ${signal}${nativeSignals[signal]}${colonLine}`
    return { end: 'crashed', cause: cause ?? 'crashed', text }
  }
  if (line === null) {
    return { end: 'crashed', cause: 'no_progress', text: `ended with exit code ${code} silently` }
  }
  const text = `ended with exit code ${code}: ${line}`
  return { end: 'crashed', cause: cause ?? 'crashed', text }
}

const unavailable = (reason: string): AttemptDeath => ({
  end: 'unavailable',
  cause: null,
  text: `could not go on: ${reason}`,
})

const errorPattern =
  /\b\w*(Error|Exception)\b|^F\d{4}|^FATAL|\bterminate called|what\(\)|Check failed|Assertion|bad_alloc|cannot allocate|out of memory|cannot open shared object|the trainer ends itself/i

/** The line of a trainer's output that says why it ended: its last error, else its last line. */
export function errorLine(lines: readonly string[]): string | null {
  const telling = lines.filter(line => !isTraceLine(line) && line.trim() !== '')
  const line = telling.findLast(one => errorPattern.test(one)) ?? telling.at(-1)
  return line === undefined ? null : toOneLine(line, 500)
}
