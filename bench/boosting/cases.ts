import type { Repetitions } from '../interleave.js'

const tasks = ['ingest', 'load', 'train', 'predict'] as const
export type Task = (typeof tasks)[number]

/** A task on a number of rows, the same for every subject. */
export interface Case {
  name: string
  task: Task
  rows: number
}

/** The `prepare` request. Paths of tables have no suffix such as `.csv` or `-x.npy`. */
export interface TaskRequest {
  task: Task
  rows: number
  trees: number
  threads: number
  /** What trains; default: the processor. */
  device?: 'cpu' | 'cuda'
  /** A folder that Trainyard's subject may write below. */
  tempFolder: string
  table: string
  /** A table of rows that no model was trained on. */
  heldOut: string
  /** A file that `train` writes and `predict` reads. */
  model: string
  /** A file to write, with a float32 for each held-out row. */
  predictions: string
}

/** Training rows of the models that `predict` uses. */
export const modelRows = 100_000
export const heldOutRows = 50_000

export const defaultCases = [
  'ingest-100k',
  'ingest-1m',
  'load-1m',
  'train-100k',
  'train-1m',
  'predict-1',
  'predict-100k',
  'predict-1m',
]

/** Parses a task and a number of rows, such as `train-20k`. */
export function casesNamed(name: string): Case[] {
  const [, task, digits, unit = ''] = name.match(/^([a-z]+)-([1-9]\d*)([km]?)$/) ?? []
  const known = tasks.find(each => each === task)
  if (!known) return []
  return [{ name, task: known, rows: Number(digits) * { '': 1, k: 1e3, m: 1e6 }[unit]! }]
}

/** How often to repeat a case. Single rows need warm-up steps beyond the first step. */
export function repetitionsOf({ task, rows }: Case, rounds: number | undefined): Repetitions {
  const small = rows <= 300_000
  const defaults = {
    ingest: { rounds: small ? 3 : 2, steps: 1, warmUp: 0 },
    load: { rounds: 5, steps: 1, warmUp: 0 },
    train: { rounds: small ? 5 : 3, steps: 1, warmUp: 0 },
    predict:
      rows < 1000 ? { rounds: 5, steps: 1000, warmUp: 200 } : { rounds: 5, steps: 2, warmUp: 1 },
  }[task]
  return { ...defaults, rounds: rounds ?? defaults.rounds }
}
