import type { ImagesManifest } from '../../../spec/dataset.js'
import type { DatasetStep, LabelStep } from '../../../spec/dataset-steps.js'
import type { ReportProgress } from '../../conversion-input.js'
import type { SourceDataset } from '../source-dataset.js'
import type { StepErrors } from '../step-errors.js'
import { type ImageRecords, readImageRecords } from './image-records.js'
import type { ImageFacts } from './image-steps.js'
import { readLabels } from './label-table.js'

type Find = (id: string) => SourceDataset | null

export interface OpenImageFacts extends ImageRecords, Omit<ImageFacts, 'labelsOf'> {
  labelReader(find: Find, errors: StepErrors): ImageFacts['labelsOf']
}

/** What the steps need to know of the images. */
export async function openImageFacts(
  source: SourceDataset<ImagesManifest>,
  _steps: readonly DatasetStep[],
  report: ReportProgress,
): Promise<OpenImageFacts> {
  const { height, width } = source.manifest
  return {
    ...readImageRecords(source, report),
    heightOf: () => height,
    widthOf: () => width,
    sourceOf: null,
    labelReader: (find, errors) => (step: LabelStep) =>
      readLabels(step, step.dataset === undefined ? null : find(step.dataset), errors),
  }
}
