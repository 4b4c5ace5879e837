import { quoteTruncated } from '../../errors.js'
import { readImageFiles } from '../image-files.js'
import {
  checkImageCount,
  type ImageModel,
  type InputLimits,
  type ModelInput,
} from './served-input.js'
import {
  describeShape,
  invalidRequest,
  invalidValues,
  type NumberTensor,
  type Tensor,
} from './tensor.js'

/** The one input of a network: pixels 0 to 255, or image files. */
export const imagesName = 'images'

/** Tensors → images. `images` is [n, h, w, c] of numbers, or [n] of files. */
export function imagesFromTensors(
  tensors: readonly Tensor[],
  model: ImageModel,
  limits: InputLimits,
): ModelInput {
  const [tensor, ...others] = tensors
  const unknown = [tensor, ...others].find(each => each?.name !== imagesName)
  if (tensor === undefined || unknown) {
    const found = unknown ? quoteTruncated(unknown.name) : 'missing'
    throw invalidRequest(`the input is ${found}, expected one input, '${imagesName}'`)
  }
  if (tensor.datatype === 'BYTES') {
    const [count = 0, ...rest] = tensor.shape
    if (tensor.shape.length < 1 || rest.some(size => size !== 1)) {
      throw invalidRequest(
        `'${imagesName}' has the shape ${describeShape(tensor.shape)}, expected [n] for image files`,
      )
    }
    checkImageCount(count, 'files', model, limits)
    return imageFiles(tensor.values, model, limits)
  }
  return pixels(tensor, model, limits)
}

/** Throws unless each of the bytes is an image file. */
export function imageFiles(
  files: readonly Uint8Array[],
  model: ImageModel,
  limits: InputLimits,
): ModelInput {
  const { input, notes } = readImageFiles(files, {
    input: model,
    maxPixels: limits.imagePixels,
    pathOf: index => `/${imagesName}/${index}`,
  })
  return { ...input, notes }
}

function pixels(tensor: NumberTensor, model: ImageModel, limits: InputLimits): ModelInput {
  const { height, width, channels } = model
  const { datatype, shape, values } = tensor
  if (datatype === 'BOOL') {
    throw invalidRequest(
      `'${imagesName}' has the type BOOL, expected numbers, or BYTES for image files`,
    )
  }
  const [count = 0, ...size] = shape
  const expected = [height, width, channels]
  if (size.length !== 3 || size.some((length, i) => length !== expected[i])) {
    const message = `'${imagesName}' has the shape ${describeShape(shape)}, expected [n, ${expected.join(', ')}], or [n] of type BYTES for image files`
    throw invalidValues(message)
  }
  checkImageCount(count, 'pixels', model, limits)
  if (values.length > limits.pixelValues) {
    const max = Math.floor(limits.pixelValues / (height * width * channels))
    throw invalidRequest(
      `there are ${count} images to predict, expected at most ${max} of this size`,
    )
  }
  const data = Float32Array.from(values as Float32Array, Number)
  const invalid = data.findIndex(value => !(value >= 0 && value <= 255))
  if (invalid >= 0) throw notAPixel(invalid, values[invalid]!, expected)
  return { kind: 'pixels', data, shape: [count, height, width, channels], notes: [] }
}

/** `sizes`: height, width and channels. */
function notAPixel(index: number, value: number | bigint, sizes: readonly number[]) {
  const indices: number[] = []
  let rest = index
  for (const size of [...sizes].reverse()) {
    indices.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  const place = `'${imagesName}'[${[rest, ...indices].join('][')}]`
  return invalidValues(`${place} is ${value}, expected 0 to 255`)
}
