import { formatOf } from '../../datasets/images/encoded/encoded-image.js'
import { imageFiles, imagesFromTensors, imagesName } from './image-input.js'
import { type InferParameters, tensorFromBytes } from './infer-request.js'
import { rowsFromTensors, rowsName } from './row-input.js'
import {
  type InputLimits,
  type ModelInput,
  rowOptionsOf,
  type ServedInput,
} from './served-input.js'
import { invalidRequest, type Tensor, valueBytes } from './tensor.js'

/** Named tensors → what the model takes. Throws unless they fit it. */
export function inputFromTensors(
  tensors: readonly Tensor[],
  served: ServedInput,
  parameters: InferParameters,
  limits: InputLimits,
): ModelInput {
  if (served.kind === 'images') return imagesFromTensors(tensors, served, limits)
  const rows = rowsFromTensors(tensors, served, rowOptionsOf(parameters), limits)
  return { kind: 'rows', ...rows }
}

/** A body without JSON: an image file, or the floats of the model's one input. */
export function inputFromRawBody(
  bytes: Uint8Array,
  served: ServedInput,
  limits: InputLimits,
): ModelInput {
  if (served.kind === 'images' && formatOf(bytes)) return imageFiles([bytes], served, limits)
  const { name, sizes } =
    served.kind === 'images'
      ? { name: imagesName, sizes: [served.height, served.width, served.channels] }
      : { name: rowsName, sizes: [served.columns.length] }
  const size = valueBytes.FP32 * sizes.reduce((product, length) => product * length, 1)
  const count = bytes.length / size
  if (count < 1 || !Number.isInteger(count)) {
    const file = served.kind === 'images' ? 'is no image file, and ' : ''
    const message = `the body ${file}has ${bytes.length} bytes, expected a multiple of ${size} for FP32 [n, ${sizes.join(', ')}]`
    throw invalidRequest(message)
  }
  const head = { name, datatype: 'FP32', shape: [count, ...sizes] } as const
  const tensor = tensorFromBytes(head, count * (size / valueBytes.FP32), bytes)
  return inputFromTensors([tensor], served, {}, limits)
}
