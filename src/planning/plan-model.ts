// The model part of a job's plan: defaults, and what cannot be built for these images.
import type { FieldError } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import type {
  DeepResNet,
  NetworkOptions,
  NetworkRequest,
  PlainResNet,
  ResNetOptions,
  Vgg,
  VggOptions,
} from '../spec/model-options.js'
import { imagenetDepths, resNetTable } from '../spec/resnet-table.js'

const plainResNetDefaults = { block: 'plain', blocks: 5, filters: 64, kernel: 3, ratio: 4 } as const
const vggDefaults = { depth: 16, batchNorm: false, dense: 'full', dropout: 0.5 } as const

/** From this side on an image is large enough to be divided by four before the first stage. */
const minImagenetStemSide = 64

/** What fc6 has a weight for: 7x7 pixels behind five pools. */
const minVggFullDenseSide = 224

interface PlannedModel<M> {
  model: M
  fieldErrors: FieldError[]
}

type ImageShape = Pick<ImagesManifest, 'name' | 'height' | 'width'>

export function planModel(
  request: NetworkRequest,
  images: ImageShape,
): PlannedModel<NetworkOptions> {
  if (request.kind === 'vgg') return planVgg(request, images)
  const { depth } = request
  return depth === undefined
    ? planPlainResNet(request)
    : planDeepResNet({ ...request, depth }, images)
}

function planPlainResNet({ version, stem, ...request }: ResNetOptions): PlannedModel<PlainResNet> {
  const model = { ...plainResNetDefaults, ...request }
  const fieldErrors = Object.entries({ version, stem }).flatMap(([field, value]) =>
    value === undefined
      ? []
      : modelError(
          field,
          'contradiction',
          `${field} needs a depth: without one it is the small plain net`,
        ),
  )
  const { block, filters, ratio } = model
  if (block === 'bottleneck' && filters % ratio !== 0) {
    fieldErrors.push(
      modelError(
        'ratio',
        'indivisible',
        `filters is ${filters}, which ratio ${ratio} does not divide`,
      ),
    )
  }
  return { model, fieldErrors }
}

function planDeepResNet(
  {
    kind,
    depth,
    version = 2,
    stem: requestedStem,
    ...explicitOptions
  }: ResNetOptions & { depth: number },
  images: ImageShape,
): PlannedModel<DeepResNet> {
  const fieldErrors = Object.keys(explicitOptions).map(field =>
    modelError(
      field,
      'contradiction',
      `a depth says what ${field} is: give depth or ${field}, not both`,
    ),
  )
  const table = resNetTable(depth)
  if (!table) fieldErrors.push(modelError('depth', 'unknown_depth', unknownDepthMessage(depth)))
  const side = Math.min(images.height, images.width)
  const large = imagenetDepths.includes(depth)
  const stem = requestedStem ?? (large && side >= minImagenetStemSide ? 'imagenet' : 'cifar')
  if (table && !large && stem === 'imagenet') {
    const message = `depth ${depth} is for small images and has the stem 'cifar'; 'imagenet' goes with ${imagenetDepths.join(', ')}`
    fieldErrors.push(modelError('stem', 'contradiction', message))
  } else if (table) {
    const halvings = table.units.length - 1 + (stem === 'imagenet' ? 2 : 0)
    if (side < 2 ** halvings) {
      const hint =
        stem === 'imagenet' ? "take the stem 'cifar' or larger images" : 'take larger images'
      const message = `the net halves images ${halvings} times, which needs ${2 ** halvings} pixels a side; those of ${describeImages(images)}: ${hint}`
      fieldErrors.push(modelError('depth', 'too_deep', message))
    }
  }
  return { model: { kind, depth, version, stem }, fieldErrors }
}

function unknownDepthMessage(depth: number): string {
  const nearest = [-1, 1].map(step => {
    let other = depth + step
    while (other > 8 && other < 1001 && !resNetTable(other)) other += step
    return other
  })
  return `there is no ResNet of depth ${depth}: it is ${imagenetDepths.join(', ')}, or 6n+2 or 9n+2 such as ${nearest.join(' and ')}`
}

function planVgg(request: VggOptions, images: ImageShape): PlannedModel<Vgg> {
  const model = { ...vggDefaults, ...request }
  const fieldErrors: FieldError[] = []
  const side = Math.min(images.height, images.width)
  if (side < 32) {
    const message = `the net halves images 5 times, which needs 32 pixels a side; those of ${describeImages(images)}: take larger images or a resnet`
    fieldErrors.push(modelError('depth', 'too_deep', message))
  } else if (model.dense === 'full' && side < minVggFullDenseSide) {
    const message = `the dense layers need images of ${minVggFullDenseSide} pixels a side, those of ${describeImages(images)}: give "dense": "gap"`
    fieldErrors.push(modelError('dense', 'too_small', message))
  }
  return { model, fieldErrors }
}

const describeImages = ({ name, height, width }: ImageShape) => `'${name}' have ${height}x${width}`

const modelError = (field: string, code: string, message: string): FieldError => ({
  path: `/model/${field}`,
  code,
  message,
})
