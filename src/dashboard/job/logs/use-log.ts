import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job } from '../../../spec/job.js'
import type { LogLine } from '../../../spec/job-log.js'
import { followStream, type StreamState } from '../../server/stream.js'
import { hasEnded } from '../use-job.js'
import { plainText } from './log-text.js'

/** Lines that the page keeps; of longer logs, the last ones. The server sends no more from the end. */
export const maxLines = 10_000
/** Lines that are dropped at once if there are more: the list is not copied for each line. */
const dropped = 1000
/** New lines are drawn together. */
const drawEveryMs = 100

export interface ShownLine extends LogLine {
  /** Counted from the first one that came. */
  number: number
}

export interface LiveLog {
  lines: readonly ShownLine[]
  state: StreamState
  /** Whether there are earlier lines than those that are kept. */
  isCut: boolean
  error: unknown
}

/** The last lines of the log of a job, and those that come while it is shown. */
export function useLog(job: Job, attempt: number | null): LiveLog {
  const [log, setLog] = useState<LiveLog>({
    lines: [],
    state: 'connecting',
    isCut: false,
    error: undefined,
  })
  const latest = useRef(job)
  latest.current = job
  useEffect(() => {
    let lines: ShownLine[] = []
    let count = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const draw = () => {
      timer = undefined
      setLog(before => ({ ...before, lines: [...lines], isCut: count >= maxLines }))
    }
    setLog({ lines, state: 'connecting', isCut: false, error: undefined })
    const query = new URLSearchParams({ tail: String(maxLines) })
    if (attempt !== null) query.set('attempt', String(attempt))
    const stop = followStream(`/jobs/${job.id}/logs?${query}`, {
      isOver: () => hasEnded(latest.current),
      onState: state => setLog(before => ({ ...before, state })),
      onRefused: error => setLog(before => ({ ...before, error })),
      onEvent: ({ data }) => {
        const line = JSON.parse(data) as LogLine
        count += 1
        lines.push({ ...line, line: plainText(line.line), number: count })
        if (lines.length >= maxLines + dropped) lines = lines.slice(-maxLines)
        timer ??= setTimeout(draw, drawEveryMs)
      },
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
    // a retried job has a log that goes on
  }, [job.id, attempt, hasEnded(job)])
  return log
}
