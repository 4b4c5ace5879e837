import type { ImagesManifest } from '../../../spec/dataset.js'
import type { DatasetStep, LabelStep } from '../../../spec/dataset-steps.js'
import type { ReportProgress } from '../../conversion-input.js'
import type { SourceDataset } from '../source-dataset.js'
import type { StepErrors } from '../step-errors.js'
import { readImageRecords } from './image-records.js'
import { readLabels } from './label-table.js'

/** What is known of the images of a data set, by their places in it. */
export interface ImageFacts {
  /** The first 64 bits of the SHA-256 of each image as stored. */
  hashes: BigUint64Array
  /** The size of each image as it was uploaded. */
  heightOf(record: number): number
  widthOf(record: number): number
  /** The path of each image in its upload; null in data sets of versions that did not keep it. */
  sourceOf: ((record: number) => string) | null
  /** What the upload says of each image beside its label, as JSON; null if that is nothing. */
  fieldsOf: ((record: number) => string) | null
  /** The labels that a step gives, by path. */
  labelsOf(step: LabelStep): ReadonlyMap<string, string>
}

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
  const withFields = steps.some(needsFields)
  const { labels, hashes, sizes, sources, fields } = await readImageRecords(source, report, {
    withSources,
    withFields,
  })
  return {
    labels,
    hashes,
    heightOf: record => sizes?.heights[record] ?? height,
    widthOf: record => sizes?.widths[record] ?? width,
    sourceOf: sources && (record => sources.at(record)),
    fieldsOf: fields && (record => fields.at(record)),
    labelReader: (find, errors) => step =>
      readLabels(step, step.dataset === undefined ? null : find(step.dataset), errors),
  }
}

const needsFields = (step: DatasetStep): boolean =>
  step.kind === 'split' && (step.by === 'group' || step.by === 'time')

const needsSources = (step: DatasetStep): boolean =>
  step.kind === 'label' ||
  needsFields(step) ||
  (step.kind === 'filter' && (step.where?.some(text => text.startsWith('source')) ?? false))
