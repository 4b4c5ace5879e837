import { type ResourceSample, resourceLevels, resourceRates } from '../../spec/job-resources.js'

/** A job that runs for a day is measured 17,000 times: samples are merged, never dropped. */
export function mergeSamples<S extends ResourceSample>(samples: readonly S[]): S {
  const merged = { ...samples.at(-1)! }
  if (samples.length === 1) return merged
  for (const name of resourceRates) merged[name] = meanOf(samples, name)
  for (const name of resourceLevels) merged[name] = largestOf(samples, name)
  merged.seconds = rounded(samples.reduce((sum, { seconds }) => sum + seconds, 0))
  merged.measurements = samples.reduce((sum, { measurements }) => sum + measurements, 0)
  return merged
}

/** Weighted by time; null only if no sample has a value. */
function meanOf(samples: readonly ResourceSample[], name: (typeof resourceRates)[number]) {
  let [sum, seconds] = [0, 0]
  for (const sample of samples) {
    if (sample[name] === null) continue
    sum += sample[name] * sample.seconds
    seconds += sample.seconds
  }
  return seconds === 0 ? null : rounded(sum / seconds)
}

function largestOf(samples: readonly ResourceSample[], name: (typeof resourceLevels)[number]) {
  const values = samples.map(sample => sample[name]).filter(value => value !== null)
  return values.length === 0 ? null : Math.max(...values)
}

/** Merges neighbours, so that at most `maxPoints` remain. */
export function limitSamples<S extends ResourceSample>(
  samples: readonly S[],
  maxPoints: number,
): readonly S[] {
  if (samples.length <= maxPoints) return samples
  return Array.from({ length: maxPoints }, (_, point) => {
    const at = (n: number) => Math.floor((n * samples.length) / maxPoints)
    return mergeSamples(samples.slice(at(point), at(point + 1)))
  })
}

/**
 * Merges older samples until at most `maxSamples` are left. The last `recent` ones stay as they are, and the older
 * ones all get to cover about the same time.
 */
export function thinSamples(
  samples: readonly ResourceSample[],
  { recent, maxSamples }: { recent: number; maxSamples: number },
): ResourceSample[] {
  const newest = samples.slice(-recent)
  let older = samples.slice(0, -recent)
  let span = Math.max(1, 2 * Math.min(...older.map(({ seconds }) => seconds)))
  for (; older.length + recent > maxSamples; span *= 2) older = mergeWithin(older, span)
  return [...older, ...newest]
}

/** Merges neighbours that cover at most `span` seconds together. */
function mergeWithin(samples: readonly ResourceSample[], span: number): ResourceSample[] {
  const groups: ResourceSample[][] = []
  let seconds = Number.POSITIVE_INFINITY
  for (const sample of samples) {
    seconds += sample.seconds
    if (seconds <= span) groups.at(-1)!.push(sample)
    else {
      groups.push([sample])
      seconds = sample.seconds
    }
  }
  return groups.map(mergeSamples)
}

/** Three digits are enough for a chart. */
export const rounded = (value: number) => Math.round(value * 1000) / 1000
