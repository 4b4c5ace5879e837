import type { Datasets } from '../../src/datasets/datasets.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { isSplitByClass } from '../../src/training/input-pipeline.js'
import type { RecordRange } from '../../src/training/record-range.js'
import { apportion } from './hold-out.js'
import { sampleStrata } from './sample-rows.js'

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
  const isHeldOut = holdOutByClass(labels, dataset.labels.length, heldOut, plan.seed)
  const count = isHeldOut.reduce((sum, one) => sum + one, 0)
  const isTraining = isHeldOut.map(one => 1 - one)
  return {
    training: { files, first: 0, count: records - count, selected: isTraining },
    validation: { files, first: 0, count, selected: isHeldOut },
  }
}

/** 1 for each image to validate on: `count` images, the same share of each class. */
export function holdOutByClass(
  labels: Uint32Array,
  classes: number,
  count: number,
  seed: number,
): Uint8Array {
  const counts = new Array<number>(classes).fill(0)
  for (const label of labels) counts[label]!++
  return sampleStrata(labels, apportion(counts, count / labels.length), seed)
}
