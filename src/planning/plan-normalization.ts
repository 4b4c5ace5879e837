import type { FieldErrors } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import {
  type Normalization,
  normalizationFor,
  type RequestedNormalization,
} from '../spec/normalization.js'
import type { Notes } from '../spec/notes.js'
import type { InitialSource } from './init-source.js'

/**
 * Chooses the mean and deviation of a network's images: those that the request asks for, else those of
 * the initial weights, which have learnt from images in that form, else those of the data set.
 */
export function planNormalization(
  requested: RequestedNormalization | undefined,
  initial: InitialSource | null,
  dataset: ImagesManifest,
  errors: FieldErrors,
  notes: Notes,
): Normalization {
  const ofDataset: Normalization = { mean: dataset.mean, std: dataset.std, from: 'dataset' }
  if (requested === 'dataset') return ofDataset
  if (requested !== undefined) {
    const found = normalizationFor(requested, dataset.channels)
    if (typeof found !== 'string') return { ...found, from: 'request' }
    errors.add('/initFrom/normalize', 'invalid', `normalize: ${found}`)
    return ofDataset
  }
  if (!initial) return ofDataset
  const { source, description, normalization } = initial
  if (normalization === null) {
    notes.add('normalization_unknown', unknownMessage(initial, dataset))
    return ofDataset
  }
  const found =
    'weights' in source || typeof normalization === 'string'
      ? normalizationFor(normalization, dataset.channels)
      : forSameChannels(normalization, dataset.channels)
  if (typeof found !== 'string') return { ...found, from: 'weights' }
  const message = `the normalization of ${description} does not fit the images: ${found}; the mean and deviation of '${dataset.name}' are used. initFrom.normalize changes that`
  notes.add('normalization_unknown', message)
  return ofDataset
}

/** A job or a model has a value for each channel of its images, so one value is for grey images. */
function forSameChannels(
  { mean, std }: Omit<Normalization, 'from'>,
  channels: number,
): Omit<Normalization, 'from'> | string {
  if (mean.length === channels) return { mean, std }
  return `the weights learnt from images with ${mean.length} ${mean.length === 1 ? 'channel' : 'channels'}`
}

function unknownMessage({ description, published }: InitialSource, dataset: ImagesManifest) {
  const list = (values: readonly number[]) =>
    values.map(value => Number(value.toFixed(2))).join(', ')
  const { name, mean, std } = dataset
  const hint = published ? `; the weights that TF-Slim published need '${published}'` : ''
  return `it is not known how the images of ${description} were normalized; the mean (${list(mean)}) and deviation (${list(std)}) of '${name}' are used. If the weights were trained with others, give initFrom.normalize: caffe, inception, torchvision or { mean, std }${hint}`
}
