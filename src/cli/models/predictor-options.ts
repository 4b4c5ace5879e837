import type { Command } from 'commander'
import type { Predictor } from '../../client/prediction-calls.js'
import { usageError } from '../failure.js'
import { addVersionOptions, chooseModel, type VersionFlags } from './version-options.js'

export interface PredictorFlags extends VersionFlags {
  job?: string
  checkpoint?: string
}

export const addPredictorOptions = (command: Command): Command =>
  addVersionOptions(command)
    .option('--job <job>', 'predict with a checkpoint of this job, which may still train')
    .option('--checkpoint <which>', 'with --job: latest (the default), best, or a step')

export interface ChosenPredictor {
  of: Predictor
  query: Record<string, string | number>
  inputs: string[]
}

/** Without --job, the first argument is the model, and all others are files. */
export function choosePredictor(
  first: string | undefined,
  others: readonly string[],
  { job, checkpoint, ...versions }: PredictorFlags,
): ChosenPredictor {
  if (job !== undefined) {
    if (Object.keys(chooseModel('', versions).query).length > 0) {
      throw usageError('--job names a job, which has no versions; --checkpoint chooses its step')
    }
    const inputs = first === undefined ? [] : [first, ...others]
    return chosen({ job }, checkpoint === undefined ? {} : { at: checkpoint }, inputs)
  }
  if (checkpoint !== undefined) throw usageError('--checkpoint goes with --job')
  if (first === undefined) throw usageError('name a model, or a job by --job')
  const { model, query } = chooseModel(first, versions)
  return chosen({ model }, query, [...others])
}

function chosen(of: Predictor, query: Record<string, string | number>, inputs: string[]) {
  if (inputs.length === 0) throw usageError('name files to predict from, or - for stdin')
  return { of, query, inputs }
}
