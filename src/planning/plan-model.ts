// The model part of a job's plan: defaults, and what cannot be built for these images.
import type { Flaw } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import type {
  ArticleNet,
  DeepResNet,
  NetworkOptions,
  NetworkRequest,
  ResNetOptions,
  Vgg,
  VggOptions,
} from '../spec/model-options.js'
import { imagenetDepths, resNetTable } from '../spec/resnet-table.js'

const articleDefaults = { block: 'plain', blocks: 5, filters: 64, kernel: 3, ratio: 4 } as const
const vggDefaults = { depth: 16, batchNorm: false, dense: 'full', dropout: 0.5 } as const

/** From this side on an image is large enough to be divided by four before the first stage. */
const imagenetSide = 64

/** What fc6 has a weight for: 7x7 pixels behind five pools. */
const vggSide = 224

interface Planned<M> {
  model: M
  flaws: Flaw[]
}

type Images = Pick<ImagesManifest, 'name' | 'height' | 'width'>

export function planModel(asked: NetworkRequest, images: Images): Planned<NetworkOptions> {
  if (asked.kind === 'vgg') return planVgg(asked, images)
  const { depth } = asked
  return depth === undefined ? planArticleNet(asked) : planDeepResNet({ ...asked, depth }, images)
}

function planArticleNet({ version, stem, ...asked }: ResNetOptions): Planned<ArticleNet> {
  const model = { ...articleDefaults, ...asked }
  const flaws = Object.entries({ version, stem }).flatMap(([field, value]) =>
    value === undefined
      ? []
      : flaw(
          field,
          'contradiction',
          `${field} needs a depth: without one it is the small plain net`,
        ),
  )
  const { block, filters, ratio } = model
  if (block === 'bottleneck' && filters % ratio !== 0) {
    flaws.push(
      flaw('ratio', 'indivisible', `filters is ${filters}, which ratio ${ratio} does not divide`),
    )
  }
  return { model, flaws }
}

function planDeepResNet(
  { kind, depth, version = 2, stem: wanted, ...own }: ResNetOptions & { depth: number },
  images: Images,
): Planned<DeepResNet> {
  const flaws = Object.keys(own).map(field =>
    flaw(field, 'contradiction', `a depth says what ${field} is: give depth or ${field}, not both`),
  )
  const table = resNetTable(depth)
  if (!table) flaws.push(flaw('depth', 'unknown_depth', noTable(depth)))
  const side = Math.min(images.height, images.width)
  const large = imagenetDepths.includes(depth)
  const stem = wanted ?? (large && side >= imagenetSide ? 'imagenet' : 'cifar')
  if (table && !large && stem === 'imagenet') {
    const message = `depth ${depth} is for small images and has the stem 'cifar'; 'imagenet' goes with ${imagenetDepths.join(', ')}`
    flaws.push(flaw('stem', 'contradiction', message))
  } else if (table) {
    const halvings = table.units.length - 1 + (stem === 'imagenet' ? 2 : 0)
    if (side < 2 ** halvings) {
      const cure =
        stem === 'imagenet' ? "take the stem 'cifar' or larger images" : 'take larger images'
      const message = `the net halves images ${halvings} times, which needs ${2 ** halvings} pixels a side; those of ${described(images)}: ${cure}`
      flaws.push(flaw('depth', 'too_deep', message))
    }
  }
  return { model: { kind, depth, version, stem }, flaws }
}

function noTable(depth: number): string {
  const near = [-1, 1].map(step => {
    let other = depth + step
    while (other > 8 && other < 1001 && !resNetTable(other)) other += step
    return other
  })
  return `there is no ResNet of depth ${depth}: it is ${imagenetDepths.join(', ')}, or 6n+2 or 9n+2 such as ${near.join(' and ')}`
}

function planVgg(asked: VggOptions, images: Images): Planned<Vgg> {
  const model = { ...vggDefaults, ...asked }
  const flaws: Flaw[] = []
  const side = Math.min(images.height, images.width)
  if (side < 32) {
    const message = `the net halves images 5 times, which needs 32 pixels a side; those of ${described(images)}: take larger images or a resnet`
    flaws.push(flaw('depth', 'too_deep', message))
  } else if (model.dense === 'full' && side < vggSide) {
    const message = `the dense layers need images of ${vggSide} pixels a side, those of ${described(images)}: give "dense": "gap"`
    flaws.push(flaw('dense', 'too_small', message))
  }
  return { model, flaws }
}

const described = ({ name, height, width }: Images) => `'${name}' have ${height}x${width}`

const flaw = (field: string, code: string, message: string): Flaw => ({
  path: `/model/${field}`,
  code,
  message,
})
