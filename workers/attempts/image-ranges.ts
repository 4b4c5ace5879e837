import type { Datasets } from '../../src/datasets/datasets.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { isSplitByClass } from '../../src/training/input-pipeline.js'
import type { RecordRange } from '../../src/training/record-range.js'
import { sampleClasses } from './hold-out.js'

interface Ranges {
  training: RecordRange
  validation: RecordRange
}

/** The images that a job trains and validates on. */
export async function imageRanges(
  datasets: Datasets,
  plan: Pick<TrainingPlan, 'validation' | 'seed'>,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): Promise<Ranges> {
  const { records } = dataset
  const files = await datasets.shardPaths(dataset)
  if (validation) {
    const validationFiles = await datasets.shardPaths(validation)
    return {
      training: { files, first: 0, count: records },
      validation: { files: validationFiles, first: 0, count: validation.records },
    }
  }
  const heldOut = 'holdOut' in plan.validation ? plan.validation.holdOut : 0
  if (!isSplitByClass(plan)) {
    const count = records - heldOut
    return {
      training: { files, first: 0, count },
      validation: { files, first: count, count: heldOut },
    }
  }
  const labels = await datasets.readLabels(dataset)
  const isHeldOut = sampleClasses(labels, heldOut / labels.length, plan.seed)
  const count = isHeldOut.reduce((sum, one) => sum + one, 0)
  const isTraining = isHeldOut.map(one => 1 - one)
  return {
    training: { files, first: 0, count: records - count, selected: isTraining },
    validation: { files, first: 0, count, selected: isHeldOut },
  }
}
