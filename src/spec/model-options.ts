import { type Static, Type } from 'typebox'
import type { ResolvedBoostingOptions } from './boosting-options.js'
import { closed } from './closed.js'

const kind = Type.Enum(['resnet'])

const deepOptions = {
  depth: Type.Optional(
    Type.Integer({
      minimum: 8,
      maximum: 1001,
      description:
        '18, 34, 50, 101, 152 or 200; for small images also 6n+2 (basic units, to 110) or 9n+2 (bottlenecks)',
    }),
  ),
  version: Type.Optional(
    Type.Enum([1, 2], {
      default: 2,
      description: 'with depth: 1, or 2 with batch norm and ReLU before convolutions',
    }),
  ),
  stem: Type.Optional(
    Type.Enum(['imagenet', 'cifar'], {
      description:
        'with depth: 7x7/2 and a pool, or one 3x3; by default imagenet from 64x64 pixels on, for the depths that have it',
    }),
  ),
}

const plainOptions = {
  block: Type.Optional(
    Type.Enum(['plain', 'bottleneck'], {
      default: 'plain',
      description: 'without depth: two k x k convolutions, or 1x1, k x k, 1x1',
    }),
  ),
  blocks: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 333, default: 5, description: 'residual blocks' }),
  ),
  filters: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 2048, default: 64, description: 'channels' }),
  ),
  kernel: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 11,
      default: 3,
      description: 'side of the spatial convolutions, pixels',
    }),
  ),
  ratio: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 4,
      description: 'bottleneck: the inner convolutions have filters / ratio channels',
    }),
  ),
}

/** A `depth` chooses one of the published nets, by resnet-table.ts; without it, the small plain net. */
export const ResNetOptions = closed({ kind, ...deepOptions, ...plainOptions })
export type ResNetOptions = Static<typeof ResNetOptions>
export const PlainResNetOptions = closed({ kind, ...plainOptions })
export const DeepResNetOptions = closed({ kind, ...deepOptions })

export const VggOptions = closed({
  kind: Type.Enum(['vgg']),
  depth: Type.Optional(Type.Enum([11, 13, 16, 19], { default: 16 })),
  batchNorm: Type.Optional(Type.Boolean({ default: false })),
  dense: Type.Optional(
    Type.Enum(['full', 'gap'], {
      default: 'full',
      description:
        'two dense layers of 4096, for 224x224 pixels or more; gap: the mean over the image',
    }),
  ),
  dropout: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 0.9,
      default: 0.5,
      description: 'share of zeros before the dense layers',
    }),
  ),
})
export type VggOptions = Static<typeof VggOptions>

/** What a client asks for, told apart by `kind`: networks learn from images, boosting from tables. */
export const NetworkRequest = Type.Union([ResNetOptions, VggOptions])
export type NetworkRequest = Static<typeof NetworkRequest>

const modelKinds = ['resnet', 'vgg', 'boosting'] as const

/** Every choice made: what a trainer gets. */
export type PlainResNet = Required<Static<typeof PlainResNetOptions>>
export type DeepResNet = Required<Static<typeof DeepResNetOptions>>
export type Vgg = Required<VggOptions>
export type NetworkOptions = PlainResNet | DeepResNet | Vgg
export type ModelOptions = NetworkOptions | ResolvedBoostingOptions

/** As answered: no schema of it, since a serialiser would fill in the defaults of nets that were not asked for. */
const resolved = <M extends ModelOptions>(kinds: M['kind'][]) =>
  Type.Unsafe<M>(
    Type.Object(
      { kind: Type.Enum(kinds) },
      { additionalProperties: true, description: 'every option of the model, defaults filled in' },
    ),
  )
export const ResolvedModel = resolved<ModelOptions>([...modelKinds])
export const ResolvedNetwork = resolved<NetworkOptions>(['resnet', 'vgg'])
export const ResolvedBoosting = resolved<ResolvedBoostingOptions>(['boosting'])
