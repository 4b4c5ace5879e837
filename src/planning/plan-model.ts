import type { FieldErrors } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import {
  type DeepResNet,
  DeepResNetOptions,
  type NetworkOptions,
  type NetworkRequest,
  type PlainResNet,
  PlainResNetOptions,
  type ResNetLayout,
  type ResNetOptions,
  type Vgg,
  VggOptions,
} from '../spec/model-options.js'
import { imagenetDepths, resNetTable } from '../spec/resnet-table.js'
import { withDefaults } from '../spec/with-defaults.js'

/**
 * The smallest side, in pixels, for which the ImageNet stem, which divides it by four, is the
 * default.
 */
const minImagenetStemSide = 64

/**
 * The first dense layer of VGG has weights for 7x7 positions, which is 224x224 pixels after five
 * pools.
 */
const minVggFullDenseSide = 224

type ImageShape = Pick<ImagesManifest, 'name' | 'height' | 'width'>

/**
 * Fills in a network's options. Adds an error for each option that does not fit the others or the
 * images. `defaultLayout` is that of the initial weights.
 */
export function planModel(
  request: NetworkRequest,
  images: ImageShape,
  errors: FieldErrors,
  defaultLayout: ResNetLayout = 'torchvision',
): NetworkOptions {
  if (request.kind === 'vgg') return planVgg(request, images, errors)
  const { depth, ...options } = request
  return depth === undefined
    ? planPlainResNet(options, errors)
    : planDeepResNet({ ...options, depth }, images, errors, defaultLayout)
}

type ResNetOptionsWithoutDepth = Omit<ResNetOptions, 'depth'>

function planPlainResNet(
  { version, layout, stem, ...request }: ResNetOptionsWithoutDepth,
  errors: FieldErrors,
): PlainResNet {
  for (const field of definedFields({ version, layout, stem })) {
    const message = `${field} needs a depth: without one it is the small plain net`
    errors.add(`/model/${field}`, 'contradiction', message)
  }
  const model = withDefaults(PlainResNetOptions, request)
  const { block, filters, ratio } = model
  if (block === 'bottleneck' && filters % ratio !== 0) {
    const message = `filters is ${filters}, which ratio ${ratio} does not divide`
    errors.add('/model/ratio', 'contradiction', message)
  }
  return model
}

function planDeepResNet(
  { block, blocks, filters, kernel, ratio, ...request }: ResNetOptions & { depth: number },
  images: ImageShape,
  errors: FieldErrors,
  defaultLayout: ResNetLayout,
): DeepResNet {
  for (const field of definedFields({ block, blocks, filters, kernel, ratio })) {
    const message = `a depth says what ${field} is: give depth or ${field}, not both`
    errors.add(`/model/${field}`, 'contradiction', message)
  }
  const { layout, ...options } = withDefaults<
    typeof DeepResNetOptions,
    'depth' | 'stem' | 'layout'
  >(DeepResNetOptions, request)
  if (options.version === 2 && layout === 'torchvision') {
    const message = `layout is 'torchvision', but version 2 is always laid out as in TF-Slim: give version 1, or leave layout out`
    errors.add('/model/layout', 'contradiction', message)
  }
  const { depth } = request
  const side = Math.min(images.height, images.width)
  const isImagenetDepth = imagenetDepths.includes(depth)
  const defaultStem = isImagenetDepth && side >= minImagenetStemSide ? 'imagenet' : 'cifar'
  const model: DeepResNet = {
    ...options,
    ...(options.version === 1 && { layout: layout ?? defaultLayout }),
    depth,
    stem: options.stem ?? defaultStem,
  }
  checkDepth(model, images, errors)
  return model
}

function checkDepth({ depth, stem }: DeepResNet, images: ImageShape, errors: FieldErrors): void {
  const table = resNetTable(depth)
  if (!table) {
    errors.add('/model/depth', 'unknown_depth', unknownDepthMessage(depth))
    return
  }
  if (stem === 'imagenet' && !imagenetDepths.includes(depth)) {
    const message = `depth ${depth} is for small images and has the stem 'cifar'; 'imagenet' goes with ${imagenetDepths.join(', ')}`
    errors.add('/model/stem', 'contradiction', message)
    return
  }
  const halvings = table.units.length - 1 + (stem === 'imagenet' ? 2 : 0)
  if (Math.min(images.height, images.width) < 2 ** halvings) {
    const hint =
      stem === 'imagenet' ? "take the stem 'cifar' or larger images" : 'take larger images'
    const message = `the net halves images ${halvings} times, which needs ${2 ** halvings} pixels a side; those of ${describeImages(images)}: ${hint}`
    errors.add('/model/depth', 'too_deep', message)
  }
}

function unknownDepthMessage(depth: number): string {
  const nearest = [-1, 1].map(step => {
    let other = depth + step
    while (other > 8 && other < 1001 && !resNetTable(other)) other += step
    return other
  })
  return `there is no ResNet of depth ${depth}: it is ${imagenetDepths.join(', ')}, or 6n+2 or 9n+2 such as ${nearest.join(' and ')}`
}

function planVgg(request: VggOptions, images: ImageShape, errors: FieldErrors): Vgg {
  const model = withDefaults(VggOptions, request)
  const side = Math.min(images.height, images.width)
  if (side < 32) {
    const message = `the net halves images 5 times, which needs 32 pixels a side; those of ${describeImages(images)}: take larger images or a resnet`
    errors.add('/model/depth', 'too_deep', message)
  } else if (model.dense === 'full' && side < minVggFullDenseSide) {
    const message = `the dense layers need images of ${minVggFullDenseSide} pixels a side, those of ${describeImages(images)}: give "dense": "gap"`
    errors.add('/model/dense', 'too_small', message)
  }
  return model
}

const describeImages = ({ name, height, width }: ImageShape) => `'${name}' have ${height}x${width}`

const definedFields = (options: object): string[] =>
  Object.entries(options).flatMap(([field, value]) => (value === undefined ? [] : field))
