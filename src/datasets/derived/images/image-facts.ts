import type { ImagesManifest } from '../../../spec/dataset.js'
import type { DatasetStep } from '../../../spec/dataset-steps.js'
import type { ReportProgress } from '../../conversion-input.js'
import type { SourceDataset } from '../source-dataset.js'
import type { StepErrors } from '../step-errors.js'
import { readImageRecords } from './image-records.js'
import type { ImageFacts } from './image-steps.js'
import { readLabels } from './label-table.js'

type Find = (id: string) => SourceDataset | null

export interface OpenImageFacts extends Omit<ImageFacts, 'labelsOf'> {
  labels: Int32Array
  labelReader(find: Find, errors: StepErrors): ImageFacts['labelsOf']
}

/** What the steps need to know of the images. */
export async function openImageFacts(
  source: SourceDataset<ImagesManifest>,
  steps: readonly DatasetStep[],
  report: ReportProgress,
): Promise<OpenImageFacts> {
  const { height, width } = source.manifest
  const withSources = steps.some(needsSources)
  const { labels, hashes, sizes, sources } = await readImageRecords(source, report, { withSources })
  return {
    labels,
    hashes,
    heightOf: record => sizes?.heights[record] ?? height,
    widthOf: record => sizes?.widths[record] ?? width,
    sourceOf: sources && (record => sources.at(record)),
    labelReader: (find, errors) => step =>
      readLabels(step, step.dataset === undefined ? null : find(step.dataset), errors),
  }
}

const needsSources = (step: DatasetStep): boolean =>
  step.kind === 'label' ||
  (step.kind === 'filter' && (step.where?.some(text => text.startsWith('source')) ?? false))
