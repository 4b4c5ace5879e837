import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job } from '../../../spec/job.js'
import type { LoggedRow } from '../../../spec/metrics.js'
import { client, endSessionOf } from '../../server/session.js'
import { followStream, type StreamState } from '../../server/stream.js'
import { hasEnded } from '../use-job.js'
import { historyPoints, MetricHistory, type MetricPoints } from './metric-history.js'

/** Rows that come together are drawn together. The first one is drawn at once. */
const drawEveryMs = 150
const retryMs = 2000

export interface LiveMetrics {
  /** Undefined until the history is there. */
  points: MetricPoints | undefined
  damagedLines: number
  state: StreamState
  error: unknown
}

/** The metrics of a job: first its down-sampled history, then each row as the trainer writes it. */
export function useMetrics(job: Job): LiveMetrics {
  const [metrics, setMetrics] = useState<LiveMetrics>({
    points: undefined,
    damagedLines: 0,
    state: 'connecting',
    error: undefined,
  })
  const latest = useRef(job)
  latest.current = job
  const isOver = hasEnded(job)
  useEffect(() => {
    const set = (change: Partial<LiveMetrics>) => setMetrics(before => ({ ...before, ...change }))
    return followMetrics(job.id, () => hasEnded(latest.current), set)
    // an attempt may train steps again that are shown, and a retried job goes on
  }, [job.id, job.attempt, isOver])
  return metrics
}

function followMetrics(
  id: string,
  isOver: () => boolean,
  set: (change: Partial<LiveMetrics>) => void,
): () => void {
  const history = new MetricHistory()
  let stopStream = () => {}
  let isStopped = false
  let retry: ReturnType<typeof setTimeout> | undefined
  let nextDraw: ReturnType<typeof setTimeout> | undefined
  let isDirty = false

  async function start(): Promise<void> {
    stopStream()
    try {
      const { points, damagedLines } = await client.jobs.metrics(id, {
        maxPoints: String(historyPoints),
      })
      if (isStopped) return
      history.reset(points)
      set({ points: history.snapshot(), damagedLines, error: undefined })
    } catch (error) {
      if (isStopped || endSessionOf(error)) return
      set({ error })
      retry = setTimeout(() => void start(), retryMs)
      return
    }
    if (!isOver()) follow()
    else set({ state: 'open' })
  }

  function follow() {
    const after = history.streamFrom
    stopStream = followStream(`/jobs/${id}/metrics`, {
      ...(after && { after }),
      isOver,
      onState: state => set({ state }),
      onRefused: error => set({ error }),
      onEvent: ({ event, data }) => {
        if (event !== 'metrics') return
        history.append(JSON.parse(data) as LoggedRow)
        if (history.isTooLong) void start()
        else draw()
      },
    })
  }

  function draw() {
    isDirty = true
    if (nextDraw === undefined) drawNow()
  }
  function drawNow() {
    nextDraw = undefined
    if (!isDirty || isStopped) return
    isDirty = false
    nextDraw = setTimeout(drawNow, drawEveryMs)
    set({ points: history.snapshot() })
  }

  void start()
  return () => {
    isStopped = true
    clearTimeout(retry)
    clearTimeout(nextDraw)
    stopStream()
  }
}
