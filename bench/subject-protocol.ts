import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { BenchError } from './failure.js'

/** What a subject says of itself once its first step is done. */
export interface Ready {
  versions: Readonly<Record<string, string>>
}

export interface Prepared {
  ready: Ready
  /** Goes on; the milliseconds of each step. */
  steps(count: number): Promise<number[]>
}

/**
 * A subject's side of the conversation, a line of JSON for a line of JSON: `{"prepare": case}`, then
 * any number of `{"steps": n}`, then `{"end": true}`.
 */
export async function converse<Case>(prepare: (asked: Case) => Promise<Prepared>): Promise<void> {
  try {
    await answerAll(prepare)
  } catch (error) {
    if (!(error instanceof BenchError)) console.error(error)
    console.error(`bench: ${error instanceof Error ? error.message : error}`)
  }
  // the engine's own clean-up of its input threads can take half a minute
  process.kill(process.pid, 'SIGKILL')
}

async function answerAll<Case>(prepare: (asked: Case) => Promise<Prepared>): Promise<void> {
  let prepared: Prepared | undefined
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line) as { prepare?: Case; steps?: number }
    if (asked.prepare) {
      prepared = await prepare(asked.prepare)
      await answer({ ready: prepared.ready })
    } else if (asked.steps) {
      await answer({ ms: await prepared!.steps(asked.steps) })
    } else {
      return answer({ peakRssMb: peakRssMb() })
    }
  }
}

const answer = (value: object) =>
  new Promise<void>(resolve => {
    process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve())
  })

/** Linux carries getrusage's peak over from whoever forked, so there the process's own is read. */
export function peakRssMb(): number {
  const status = '/proc/self/status'
  const own = existsSync(status) && readFileSync(status, 'utf8').match(/^VmHWM:\s*(\d+) kB$/m)
  return (own ? Number(own[1]) : process.resourceUsage().maxRSS) / 1024
}
