import type { Registry } from 'prom-client'
import type { TrafficRouter } from '../../serving/traffic/traffic-router.js'
import { metricFactory } from './metric-factory.js'

/** Of models with a split or shadow, the ones that a scrape shows. */
const maxRoutes = 100

/** How requests are spread over versions, and how shadows compare, as this process has counted. */
export function addTrafficMetrics(
  registry: Registry,
  router: Pick<TrafficRouter, 'all'>,
): () => Promise<void> {
  const { counter } = metricFactory(registry)
  const requests = counter(
    'traffic_requests_total',
    'Requests of a name or alias with a split or shadow, by the version that answers.',
    ...['model', 'version'],
  )
  const shadows = counter(
    'shadow_requests_total',
    'Requests that a version was to predict in the shadow, by what became of them.',
    ...['model', 'version', 'outcome'],
  )
  const instances = counter(
    'shadow_instances_total',
    'Images and rows that a version predicted in the shadow, by whether the answer was the same.',
    ...['model', 'version', 'answer'],
  )
  return async () => {
    for (const metric of [requests, shadows, instances]) metric.reset()
    for (const [i, { name: model, route }] of [...router.all()].reverse().entries()) {
      if (i === maxRoutes) break
      for (const [version, count] of route.requests) requests.inc({ model, version }, count)
      for (const [version, counts] of route.shadowCounts) {
        for (const outcome of ['compared', 'dropped', 'failed', 'incomparable'] as const)
          shadows.inc({ model, version, outcome }, counts[outcome])
        const { instances: all, different } = counts
        instances.inc({ model, version, answer: 'same' }, all - different)
        instances.inc({ model, version, answer: 'different' }, different)
      }
    }
  }
}
