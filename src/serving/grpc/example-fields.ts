// TensorFlow's tf.train.Example, by which clients of TensorFlow Serving classify and regress.

import type { Example, Feature } from '../../datasets/images/tfrecord/example_pb.js'
import { quoteTruncated } from '../../errors.js'
import { invalidRequest, invalidValues } from '../protocols/tensor.js'
import type { Fields } from '../protocols/tf-serving-request.js'
import type { Input } from './proto/tensorflow_serving_pb.js'

/** The features of each example, and those of the context, which belong to all. */
export function fieldsOfExamples(input: Input | undefined): Fields[] {
  const { kind } = input ?? {}
  if (kind?.case === undefined) throw invalidRequest('the request has no input')
  const { examples } = kind.value
  const context = kind.case === 'exampleListWithContext' ? kind.value.context : undefined
  return examples.map(example =>
    Object.assign(Object.create(null), context && fieldsOf(context), fieldsOf(example)),
  )
}

const fieldsOf = ({ features }: Example): Fields =>
  Object.fromEntries(
    Object.entries(features?.feature ?? {}).map(([name, feature]) => [
      name,
      valuesOf(name, feature),
    ]),
  )

/** Null for a feature without values, which is how examples say that one is missing. */
function valuesOf(name: string, { kind }: Feature): unknown[] | null {
  if (kind.case === undefined || kind.value.value.length === 0) return null
  if (kind.case !== 'int64List') return kind.value.value
  return kind.value.value.map(value => {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    const message = `${quoteTruncated(name)} has ${value}, which no floating-point number of 64 bits is`
    throw invalidValues(message)
  })
}
