import type { Repetitions } from '../interleave.js'

const tasks = ['ingest', 'load', 'train', 'predict'] as const
export type Task = (typeof tasks)[number]

/** One thing to do, the same for every subject. */
export interface Case {
  name: string
  task: Task
  rows: number
}

/** What a subject is told. Tables are named without `.csv`, `-x.npy` and the like. */
export interface TaskRequest {
  task: Task
  rows: number
  trees: number
  threads: number
  /** A folder of its own that ours may write below. */
  tempFolder: string
  table: string
  /** Rows that no model has seen. */
  heldOut: string
  /** To be written by `train`, read by `predict`. */
  model: string
  /** float32 for each held-out row, to be written. */
  predictions: string
}

/** What models for predicting are trained on. */
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

/** A task and how many rows: `train-20k` is a case too. */
export function casesNamed(name: string): Case[] {
  const [, task, digits, unit = ''] = name.match(/^([a-z]+)-([1-9]\d*)([km]?)$/) ?? []
  const known = tasks.find(each => each === task)
  if (!known) return []
  return [{ name, task: known, rows: Number(digits) * { '': 1, k: 1e3, m: 1e6 }[unit]! }]
}

/** Every subject does a case once before the first round; a single row needs more to settle. */
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
