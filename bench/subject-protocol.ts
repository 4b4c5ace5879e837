import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { BenchError } from './failure.js'

/** What a subject reports after its first step. */
export interface Ready {
  versions: Readonly<Record<string, string>>
}

export interface PreparedSubject {
  ready: Ready
  /** Runs more steps; resolves with the milliseconds of each. */
  steps(count: number): Promise<number[]>
}

/**
 * Runs the subject's side of the protocol, which answers each line of JSON on stdin with one on stdout:
 * `{"prepare": case}` → `{"ready": …}`, then any number of `{"steps": n}` → `{"ms": […]}`, then
 * `{"end": true}` → `{"peakRssMb": n}`.
 */
export async function runSubject<Case>(
  prepare: (request: Case) => Promise<PreparedSubject>,
): Promise<void> {
  try {
    await serveRequests(prepare)
  } catch (error) {
    if (!(error instanceof BenchError)) console.error(error)
    console.error(`bench: ${error instanceof Error ? error.message : error}`)
  }
  // TensorFlow's own clean-up of its input threads can take 30 s
  process.kill(process.pid, 'SIGKILL')
}

async function serveRequests<Case>(
  prepare: (request: Case) => Promise<PreparedSubject>,
): Promise<void> {
  let prepared: PreparedSubject | undefined
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as { prepare?: Case; steps?: number }
    if (request.prepare) {
      prepared = await prepare(request.prepare)
      await writeResponse({ ready: prepared.ready })
    } else if (request.steps) {
      await writeResponse({ ms: await prepared!.steps(request.steps) })
    } else {
      return writeResponse({ peakRssMb: peakRssMb() })
    }
  }
}

const writeResponse = (value: object) =>
  new Promise<void>(resolve => {
    process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve())
  })

/** Peak resident memory in MiB. On Linux from /proc, because getrusage inherits the parent's peak. */
export function peakRssMb(): number {
  const status = '/proc/self/status'
  const own = existsSync(status) && readFileSync(status, 'utf8').match(/^VmHWM:\s*(\d+) kB$/m)
  return (own ? Number(own[1]) : process.resourceUsage().maxRSS) / 1024
}
