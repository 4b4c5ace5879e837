import type { ImageExplanationRequest } from '../../serving/prediction-service.js'
import type { ExplainedClass, ImageExplanation, ImageExplanations } from '../../spec/explanation.js'
import type { ExplainedImage, ImageExplanationAnswer } from '../../spec/ipc-messages.js'
import type { NetworkModel } from '../../spec/model.js'
import { type Note, Notes } from '../../spec/notes.js'

/** If the attributions miss more of what they should add up to, a note says so. */
const maxRelativeGap = 0.05

/** An explanation before it is written: rows of its map are made one after the other. */
export interface ImageExplanationParts {
  fields: Omit<ImageExplanation, 'map'>
  map: Omit<ImageExplanation['map'], 'values'>
  /** [height, width]. */
  values: Float32Array
  picture: Uint8Array | null
}

export interface ImageExplanationsTable {
  head: Omit<ImageExplanations, 'explanations'>
  explanations: ImageExplanationParts[]
}

interface Sent {
  notes: readonly Note[]
  /** The names of files in a form. */
  names: readonly string[] | null
}

/** What the process that explains has found → the answer. */
export function imageExplanations(
  model: NetworkModel,
  { method, steps, baseline }: ImageExplanationRequest,
  { images, layer, layers }: ImageExplanationAnswer,
  sent: Sent,
): ImageExplanationsTable {
  const { id, version, labels, input } = model
  const { height, width } = input
  return {
    head: {
      model: id,
      version,
      method,
      precision: 'fp32',
      ...(layer
        ? { layer, layers: layers.map(({ name }) => name) }
        : { steps, baseline, rule: 'trapezoid' }),
      labels,
      notes: notesOf(model, images, sent.notes),
    },
    explanations: images.map((image, i) => {
      const { target, logits, source, completeness, scale, values, picture } = image
      const classAt = (index: number): ExplainedClass => ({
        label: labels[index] ?? `${index}`,
        index,
        logit: logits[index]!,
        probability: image.probabilities[index]!,
      })
      const name = sent.names?.[i]
      return {
        fields: {
          ...(name !== undefined && { name }),
          target: classAt(target),
          predicted: classAt(logits.indexOf(Math.max(...logits))),
          source,
          ...(completeness && { completeness }),
        },
        map: { height, width, scale },
        values,
        picture,
      }
    }),
  }
}

function notesOf(
  { precision }: NetworkModel,
  images: readonly ExplainedImage[],
  read: readonly Note[],
): Note[] {
  const notes = new Notes()
  for (const { code, message, columns } of read) notes.add(code, message, columns)
  const served = precision?.served ?? 'fp32'
  if (served !== 'fp32') {
    const message = `predictions of this version are served in ${served}, and the network in fp32 is explained: its numbers may differ a little`
    notes.add('explained_in_fp32', message)
  }
  const empty = images.filter(({ scale }) => scale === 0).length
  if (empty > 0) {
    const message = `${empty} of ${images.length} maps are 0 everywhere: nothing that this method sees speaks for the class; try another layer, method or class`
    notes.add('explanation_empty', message)
  }
  const gaps = images.map(({ completeness }) => completeness?.relativeGap ?? 0)
  const far = gaps.filter(gap => gap > maxRelativeGap).length
  if (far > 0) {
    const largest = Number((100 * Math.max(...gaps)).toPrecision(3))
    const message = `the attributions of ${far} of ${images.length} images add up to another number than they should, by up to ${largest} %: more steps come nearer`
    notes.add('explanation_incomplete', message)
  }
  return notes.all
}
