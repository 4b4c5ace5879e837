import type { LoggedRow } from '../src/spec/metrics.js'
import type { Store } from '../src/store/store.js'

export interface RecordedAttempt {
  attempt: number
  startedAt: string
  resumedFrom: number
  end: string | null
  rows: LoggedRow[]
}

/** Reads the attempts of a job that have started from the store, oldest first. */
export async function readAttempts(store: Store, id: string): Promise<RecordedAttempt[]> {
  const attempts: RecordedAttempt[] = []
  const numbers = (await store.list(`jobs/${id}/attempts`)).map(Number)
  for (const attempt of numbers.sort((a, b) => a - b)) {
    const attemptFolder = `jobs/${id}/attempts/${attempt}`
    const status = await store.readJson<Omit<RecordedAttempt, 'rows'>>(
      `${attemptFolder}/status.json`,
    )
    if (!status) continue
    const { startedAt, resumedFrom, end } = status
    const rows = await rowsIn(store, `${attemptFolder}/metrics.ndjson`)
    attempts.push({ attempt, startedAt, resumedFrom, end, rows })
  }
  return attempts
}

/** Ignores a part of a line at the end, which a killed process may have left. */
async function rowsIn(store: Store, key: string): Promise<LoggedRow[]> {
  const text = (await store.readFrom(key, 0)).toString('utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
}
