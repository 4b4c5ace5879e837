import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { BenchError } from './failure.js'

/** What a subject says of itself once its first step is done. */
export interface Ready {
  versions: Readonly<Record<string, string>>
}

export interface PreparedSubject {
  ready: Ready
  /** Goes on; the milliseconds of each step. */
  steps(count: number): Promise<number[]>
}

/**
 * A subject's side of the conversation, a line of JSON for a line of JSON: `{"prepare": case}`, then
 * any number of `{"steps": n}`, then `{"end": true}`.
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
  // the engine's own clean-up of its input threads can take half a minute
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

/** Linux carries getrusage's peak over from whoever forked, so there the process's own is read. */
export function peakRssMb(): number {
  const status = '/proc/self/status'
  const own = existsSync(status) && readFileSync(status, 'utf8').match(/^VmHWM:\s*(\d+) kB$/m)
  return (own ? Number(own[1]) : process.resourceUsage().maxRSS) / 1024
}
