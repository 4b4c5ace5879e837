import type { MetricValue } from '../../spec/metrics.js'

/** A point of one metric; the time in ms since 1970. */
export type Sample = readonly [step: number, value: MetricValue, time: number]

/**
 * Some of these samples, in their order: the first, the last, and of each of `runs` equally long runs
 * the minimum, the maximum, and the first of each kind of number that is not finite.
 */
export function extremes(samples: readonly Sample[], runs: number): Sample[] {
  const kept = new Set([0, samples.length - 1])
  for (let run = 0; run < runs; run++) {
    const start = Math.floor((run * samples.length) / runs)
    const end = Math.floor(((run + 1) * samples.length) / runs)
    for (const index of extremesWithin(samples, start, end)) kept.add(index)
  }
  return [...kept].sort((a, b) => a - b).map(index => samples[index]!)
}

/** The same, so that at most `most` are left: at least 7. */
export function thin(samples: readonly Sample[], most: number): readonly Sample[] {
  if (samples.length <= most) return samples
  const texts = samples.map(([, value]) => value).filter(value => typeof value === 'string')
  const perRun = 2 + new Set(texts).size
  return extremes(samples, Math.floor((most - 2) / perRun))
}

function extremesWithin(samples: readonly Sample[], start: number, end: number): number[] {
  let [least, most] = [-1, -1]
  const odd = new Map<string, number>()
  for (let i = start; i < end; i++) {
    const value = samples[i]![1]
    if (typeof value === 'string') {
      if (!odd.has(value)) odd.set(value, i)
      continue
    }
    if (least < 0 || value < Number(samples[least]![1])) least = i
    if (most < 0 || value > Number(samples[most]![1])) most = i
  }
  return [least, most, ...odd.values()].filter(index => index >= 0)
}
