import type { FastifyRequest } from 'fastify'
import type { ClassSelection } from '../../predictions/class-fields.js'
import { isClassification } from '../../spec/boosting-options.js'
import { isBoostingModel, type Model } from '../../spec/model.js'
import type { AnswerOptions, TensorOptions } from '../../spec/predict-options.js'
import { defaultOutputs } from '../../spec/predict-options.js'
import { queryConflict } from '../http/http-error.js'
import type { TensorForm } from './tensor.js'

type Query = AnswerOptions & TensorOptions & { explain?: boolean }

/** What the answer shall have. Throws if the model has no such thing. */
export function selectionOf(model: Model, { topK, outputs, explain }: Query): ClassSelection {
  if (!isBoostingModel(model)) {
    if (explain) {
      const message = `'${model.id}' is a network, and explain is of boosted trees`
      throw queryConflict('explain', message, 'leave it out')
    }
  } else {
    const { objective } = model.model
    const [asked] = [topK !== undefined && 'topK', outputs && 'outputs'].filter(name => !!name)
    if (asked && !isClassification(objective)) {
      const message = `'${model.id}' predicts no classes (its objective is ${objective}), so ${asked} selects nothing`
      throw queryConflict(asked, message, 'leave it out')
    }
    if (outputs?.includes('logits')) {
      const message = `'${model.id}' is of boosted trees, and logits are of networks: explain=true returns the margin`
      throw queryConflict('outputs', message, 'expected label, probability or probabilities')
    }
  }
  const k = topK ?? null
  return { topK: k, outputs: outputs ?? defaultOutputs(k) }
}

/**
 * Of `application/octet-stream`: the numbers that the body is, or null if it is an image file. A query or a header that
 * gives a shape decides it, never the bytes.
 */
export function tensorFormOf(
  { headers }: Pick<FastifyRequest, 'headers'>,
  query: TensorOptions,
  isOctetStream: boolean,
): TensorForm | null {
  const shape = agreed('shape', query.shape, headers['tensor-shape'])
  const dtype = agreed('dtype', query.dtype, headers['tensor-dtype'])
  const [given] = [shape && 'shape', dtype && 'dtype'].filter(name => !!name)
  if (!given) return null
  if (!isOctetStream) {
    const message = `${given} describes a body of raw numbers, and the body is ${headers['content-type'] ?? 'absent'}`
    throw queryConflict(given, message, 'send application/octet-stream, or leave it out')
  }
  if (!shape || !dtype) {
    const message =
      'a body of raw numbers has both a shape and a dtype, such as ?shape=2,28,28,1&dtype=uint8'
    throw queryConflict(shape ? 'dtype' : 'shape', message, 'expected in the query or as a header')
  }
  const path = query.shape ? 'querystring:/shape' : 'headers:/tensor-shape'
  return { shape: shape.split(',').map(Number), dtype: dtype as TensorForm['dtype'], path }
}

/** The value of a query parameter or of a header. Throws if both are given and differ. */
function agreed(name: string, inQuery: string | undefined, inHeader: unknown): string | undefined {
  if (typeof inHeader !== 'string') return inQuery
  if (inQuery === undefined || inQuery === inHeader) return inHeader
  const message = `the query says ${name}=${inQuery}, and the header says ${inHeader}`
  throw queryConflict(name, message, 'give one of them')
}
