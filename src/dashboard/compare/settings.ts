import { flatSettings, type Setting } from '../../presentation/settings.js'
import type { Job } from '../../spec/job.js'
import type { WholeRun } from './runs.js'

export type Value = number | string | boolean | undefined

/** A column of the comparison: a setting, or a result such as `best.loss`. */
export interface Dimension {
  id: string
  isResult: boolean
  /** By the id of each run. */
  values: ReadonlyMap<string, Value>
}

/** All settings of the jobs, those that differ first, each in the order of its part. */
export function settingsOf(runs: readonly WholeRun[]): Dimension[] {
  const bySetting = new Map<string, Map<string, Value>>()
  for (const { id, job } of runs) {
    for (const [name, value] of settingsOfJob(job)) {
      const values = bySetting.get(name) ?? new Map<string, Value>()
      bySetting.set(name, values.set(id, value))
    }
  }
  return [...bySetting].map(([id, values]) => ({ id, isResult: false, values }))
}

/** The best and the last value of each metric. Where no direction is better, there is no best. */
export function resultsOf(runs: readonly WholeRun[]): Dimension[] {
  const names = new Set(runs.flatMap(({ job }) => Object.keys(job.metrics ?? {})))
  return [...names].flatMap(name => {
    const last = new Map<string, Value>()
    const best = new Map<string, Value>()
    for (const { id, job } of runs) {
      const value = job.metrics[name]
      last.set(id, value === undefined ? undefined : Number(value))
      best.set(id, job.best[name]?.value)
    }
    return [
      ...(runs.every(({ job }) => !job.best[name])
        ? []
        : [{ id: `best.${name}`, isResult: true, values: best }]),
      { id: `metrics.${name}`, isResult: true, values: last },
    ]
  })
}

export const differs = ({ values }: Dimension, runs: readonly WholeRun[]): boolean =>
  new Set(runs.map(({ id }) => values.get(id))).size > 1

function settingsOfJob({ dataset, model, training, labels, initFrom, priority }: Job) {
  return new Map<string, Setting>([
    ['dataset', dataset.name],
    ...flatSettings(model, 'model.'),
    ...flatSettings(training, 'training.'),
    ...flatSettings({ initFrom }),
    ...flatSettings(priority === 0 ? {} : { priority }),
    ...flatSettings(labels, 'labels.'),
  ])
}
