import type { Job } from '../../../spec/job.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { historyPoints, type MetricPoints } from './metric-history.js'
import type { Range } from './zoom.js'

/**
 * The points of some steps, of which the whole history has only a selection; null until they are there, and while the
 * job still does such steps.
 */
export function useZoomedPoints(job: Job, steps: Range | null): MetricPoints | null {
  const [from, to] = steps ?? [0, 0]
  const isDone = steps !== null && job.progress.step > to
  const found = useResource(
    async () =>
      isDone
        ? await client.jobs.metrics(job.id, {
            // one more on each side, so that curves do not end inside the chart
            fromStep: String(Math.max(0, from - 1)),
            toStep: String(to + 1),
            maxPoints: String(historyPoints),
          })
        : null,
    [job.id, from, to, isDone],
  )
  return (!found.isLoading && isDone && found.data?.points) || null
}
