// How an image of any size and format becomes one of the size that a network takes. The conversion of data sets
// and the served model share it, so that a model sees in service what it saw in training.
import type { Graph, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply } from '../op.js'
import { concat, expandDims, Reshape, reshape, Slice, shapeOf, slice } from './array.js'
import { compareWith, select } from './compare.js'
import { branch, choose } from './conditional.js'
import { constant, onesLike, scalar, zerosLike } from './constant.js'
import { identity } from './control.js'
import { gather } from './gather.js'
import { decodeImage, reverse, scaleAndTranslate, swapSides } from './image.js'
import { add, cast, div, mul, neg, sub } from './math.js'
import { DecodeRaw } from './parse.js'
import { reduceMax, reduceSum } from './reduce.js'

export interface StandardImage {
  height: number
  width: number
  channels: 1 | 3 | 4
  /** How images of other sizes are fitted in. Null if there are none. */
  mode: 'fit' | 'fill' | 'stretch' | null
}

/** What an image's bytes are; the values are those of `ImageFacts`. */
export const contentKinds = {
  /** A PNG or JPEG, which is decoded to any number of channels. */
  file: 0,
  /** A file that is decoded to three channels: WebP or GIF. */
  colorFile: 1,
  /** Pixels, uint8 [height, width, channels of the standard image]. */
  pixels: 2,
} as const

/** What the graph has to know of an image beside its bytes: int32 [4]. */
export interface ImageFacts {
  kind: (typeof contentKinds)[keyof typeof contentKinds]
  /** EXIF orientation, 1 to 8. */
  orientation: number
  /** Of pixels; of a file they do not count. */
  height: number
  width: number
}

export const factsLength = 4

export const factValues = ({ kind, orientation, height, width }: ImageFacts): number[] => [
  kind,
  orientation,
  height,
  width,
]

/**
 * The facts of a file as far as its first byte tells them: PNG and JPEG begin with bytes of their own. It does not
 * know how a photograph is to be turned; BMP is decoded by TensorFlow.
 */
export function factsOfFile(file: Tensor): Tensor {
  const { graph } = file.node
  const bytes = apply(DecodeRaw, [file], { dtype: 'uint8', shape: [-1] })
  const first = cast(slice(bytes, [0], [1]), 'int32')
  const differs = (byte: number) =>
    cast(compareWith('NotEqual', first, scalar(graph, byte, 'int32')), 'int32')
  const kind = mul(differs(pngByte), differs(jpegByte))
  return concat([kind, constant(graph, [1, 0, 0], { dtype: 'int32' })], 0)
}

const pngByte = 0x89
const jpegByte = 0xff

interface ImageSteps {
  /** Bytes, and facts int32 [4] → uint8 [h, w, channels], as stored. */
  decode(contents: Tensor, facts: Tensor): Tensor
  /** A decoded image → uint8 [height, width, channels], upright. */
  standardize(image: Tensor, facts: Tensor): Tensor
}

/** Adds the functions of the steps to `graph`; `name` is the beginning of their names. All resizers give the same bytes. */
export function standardImageSteps(
  graph: Graph,
  name: string,
  target: StandardImage,
  resizer = stockResize,
): ImageSteps {
  const { channels } = target
  const decodeArgs = [
    { dtype: 'string', shape: [] },
    { dtype: 'int32', shape: [factsLength] },
  ] as const
  const decoded = [-1, -1, channels]
  const decodeFile = branch(graph, `${name}_decode_file`, decodeArgs, file =>
    decodeImage(file!, channels),
  )
  const decodeColors = branch(graph, `${name}_decode_colors`, decodeArgs, file =>
    fromColors(decodeImage(file!, 3), channels),
  )
  const readPixels = branch(graph, `${name}_read_pixels`, decodeArgs, (bytes, facts) => {
    const raw = apply(DecodeRaw, [bytes!], { dtype: 'uint8', shape: [-1] })
    const last = constant(raw.node.graph, [channels], { dtype: 'int32' })
    const shape = concat([slice(facts!, [2], [2]), last], 0)
    return apply(Reshape, [raw, shape], { shape: decoded })
  })
  const turnArgs = [
    { dtype: 'uint8', shape: decoded },
    { dtype: 'int32', shape: [] },
  ] as const
  const turned = branch(graph, `${name}_turn`, turnArgs, (image, orientation) =>
    turn(image!, orientation!),
  )
  const upright = branch(graph, `${name}_upright`, turnArgs, image => identity(image!))

  return {
    decode(contents, facts) {
      const branches = [decodeFile, decodeColors, readPixels]
      return choose(fact(facts, 0), branches, [contents, facts])
    },
    standardize(image, facts) {
      const orientation = fact(facts, 1)
      // resized first, since a small image is turned in less time
      const resized = target.mode
        ? resize(image, orientation, { ...target, mode: target.mode }, resizer)
        : image
      const isTurned = compareWith('Greater', orientation, scalar(facts.node.graph, 1, 'int32'))
      const branches = [upright, turned]
      const result = choose(cast(isTurned, 'int32'), branches, [resized, orientation])
      return reshape(result, [target.height, target.width, channels])
    },
  }
}

/** The last pixel of the last row, uint8 [channels]. */
export function lastPixel(image: Tensor): Tensor {
  const channels = image.shape[2]!
  const { graph } = image.node
  const one = constant(graph, [1, 1, channels], { dtype: 'int32' })
  const begin = sub(shapeOf(image), one)
  const pixel = apply(Slice, [image, begin, one], { begin: [0, 0, 0], shape: [1, 1, channels] })
  return reshape(pixel, [channels])
}

const fact = (facts: Tensor, index: number): Tensor => reshape(slice(facts, [index], [1]), [])

/** uint8 [h, w, 3] → [h, w, channels]: the brightness is that of JPEG. */
function fromColors(image: Tensor, channels: number): Tensor {
  if (channels === 3) return image
  check(channels === 1, `an image of colours does not become one of ${channels} channels`)
  const { graph } = image.node
  const weights = constant(graph, [0.299, 0.587, 0.114])
  const brightness = reduceSum(mul(cast(image, 'float32'), weights), [2], { keepDims: true })
  return cast(add(brightness, 0.5), 'uint8')
}

/** By EXIF orientation from 1 on (index 0 is none): whether height and width are swapped, and what is mirrored then. */
const turns = [
  { swap: false, flipRows: false, flipColumns: false },
  { swap: false, flipRows: false, flipColumns: false },
  { swap: false, flipRows: false, flipColumns: true },
  { swap: false, flipRows: true, flipColumns: true },
  { swap: false, flipRows: true, flipColumns: false },
  { swap: true, flipRows: false, flipColumns: false },
  { swap: true, flipRows: false, flipColumns: true },
  { swap: true, flipRows: true, flipColumns: true },
  { swap: true, flipRows: true, flipColumns: false },
] as const

/** True if an image of this orientation has its height and width swapped when it is upright. */
export const swapsSides = (orientation: number): boolean => turns[orientation]?.swap ?? false

function turn(image: Tensor, orientation: Tensor): Tensor {
  const { graph } = image.node
  const shape = [turns.length, 3]
  const perms = turns.flatMap(({ swap }) => (swap ? [1, 0, 2] : [0, 1, 2]))
  const flips = turns.flatMap(({ flipRows, flipColumns }) => [flipRows, flipColumns, false])
  const perm = gather(constant(graph, perms, { dtype: 'int32', shape }), orientation)
  const dims = gather(constant(graph, flips, { dtype: 'bool', shape }), orientation)
  return reverse(swapSides(image, perm), dims)
}

/** uint8 [h, w, c] → uint8 of the size [height, width]; scales and margins are [y, x], in pixels of the result. */
export type Resizer = (image: Tensor, size: Tensor, scales: Tensor, margins: Tensor) => Tensor

/** By an op that every TensorFlow has. */
export const stockResize: Resizer = (image, size, scales, margins) => {
  const resized = scaleAndTranslate(expandDims(image, 0), size, scales, margins)
  const rounded = cast(add(resized, 0.5), 'uint8')
  const shape = slice(shapeOf(rounded), [1], [3])
  return apply(Reshape, [rounded, shape], { shape: [-1, -1, image.shape[2]!] })
}

/** uint8 [h, w, c] as stored → the size of the target as stored, that is with its sides swapped if a turn will swap them. */
function resize(
  image: Tensor,
  orientation: Tensor,
  { height, width, mode }: { height: number; width: number; mode: 'fit' | 'fill' | 'stretch' },
  resizer: Resizer,
): Tensor {
  const { graph } = image.node
  const ints = (values: number[]) => constant(graph, values, { dtype: 'int32' })
  const isSwapped = compareWith('Greater', orientation, scalar(graph, 4, 'int32'))
  const size = select(isSwapped, ints([width, height]), ints([height, width]))
  const found = cast(slice(shapeOf(image), [0], [2]), 'float32')
  const wanted = cast(size, 'float32')
  const ratios = div(wanted, found)
  const scales = mode === 'stretch' ? ratios : mul(onesLike(ratios), commonScale(ratios, mode))
  const margins = mode === 'stretch' ? zerosLike(ratios) : div(sub(wanted, mul(found, scales)), 2)
  return resizer(image, size, scales, margins)
}

const commonScale = (ratios: Tensor, mode: 'fit' | 'fill'): Tensor =>
  mode === 'fill' ? reduceMax(ratios) : neg(reduceMax(neg(ratios)))
