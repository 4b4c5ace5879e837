import { type Static, Type } from 'typebox'
import type { ResolvedBoostingOptions } from './boosting-options.js'
import { openObject } from './open-object.js'
import { strictObject } from './strict-object.js'

const kind = Type.Enum(['resnet'])

export const resNetLayouts = ['torchvision', 'tf-slim'] as const
export type ResNetLayout = (typeof resNetLayouts)[number]

const deepOptions = {
  depth: Type.Optional(
    Type.Integer({
      minimum: 8,
      maximum: 1001,
      description:
        'number of layers with weights: 18, 34, 50, 101, 152 or 200; for small images also any 6n+2 or 9n+2. If absent, the model is the small plain ResNet',
    }),
  ),
  version: Type.Optional(
    Type.Enum([1, 2], {
      default: 2,
      description:
        'with depth: 1 is the original ResNet; 2 has batch norm and ReLU before the convolutions',
    }),
  ),
  layout: Type.Optional(
    Type.Enum([...resNetLayouts], {
      description:
        'with depth and version 1: which units halve the image. torchvision: the first of a stage; tf-slim: the last of a stage, with SAME padding in the pool. Both have the same variables. If absent, the layout of the weights of initFrom, else torchvision. Version 2 is always tf-slim',
    }),
  ),
  stem: Type.Optional(
    Type.Enum(['imagenet', 'cifar'], {
      description:
        'with depth: first layers. imagenet: a 7x7 convolution with stride 2 and a max pool; cifar: a 3x3 convolution. If absent, imagenet for images of at least 64x64 pixels and a depth of 18, 34, 50, 101, 152 or 200, else cifar',
    }),
  ),
}

const plainOptions = {
  block: Type.Optional(
    Type.Enum(['plain', 'bottleneck'], {
      default: 'plain',
      description:
        'without depth: plain has two k x k convolutions, bottleneck a 1x1, a k x k and a 1x1',
    }),
  ),
  blocks: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 333,
      default: 5,
      description: 'without depth: number of residual blocks',
    }),
  ),
  filters: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2048,
      default: 64,
      description: 'without depth: filters of each block',
    }),
  ),
  kernel: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 11,
      default: 3,
      description: 'without depth: side k of the spatial convolutions, in pixels',
    }),
  ),
  ratio: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 4,
      description:
        'with block bottleneck: the first two convolutions of a block have filters / ratio filters',
    }),
  ),
}

/** With `depth`, a published network (resnet-table.ts); without it, the small plain ResNet (src/nets/plain-resnet.ts). */
export const ResNetOptions = strictObject({ kind, ...deepOptions, ...plainOptions })
export type ResNetOptions = Static<typeof ResNetOptions>
export const PlainResNetOptions = strictObject({ kind, ...plainOptions })
export const DeepResNetOptions = strictObject({ kind, ...deepOptions })

export const VggOptions = strictObject({
  kind: Type.Enum(['vgg']),
  depth: Type.Optional(
    Type.Enum([11, 13, 16, 19], { default: 16, description: 'number of layers with weights' }),
  ),
  batchNorm: Type.Optional(
    Type.Boolean({ default: false, description: 'batch norm after each convolution' }),
  ),
  dense: Type.Optional(
    Type.Enum(['full', 'gap'], {
      default: 'full',
      description:
        'full: two dense layers of 4096, for images of at least 224x224 pixels; gap: global average pooling in their place',
    }),
  ),
  dropout: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 0.9,
      default: 0.5,
      description:
        'dropout rate: share of the values that training sets to 0 before the last layers',
    }),
  ),
})
export type VggOptions = Static<typeof VggOptions>

/** The model of a job that learns from images. `kind` tells networks apart. */
export const NetworkRequest = Type.Union([ResNetOptions, VggOptions])
export type NetworkRequest = Static<typeof NetworkRequest>

const modelKinds = ['resnet', 'vgg', 'boosting'] as const

/** Options with all defaults filled in, as a trainer gets them. */
export type PlainResNet = Required<Static<typeof PlainResNetOptions>>
type DeepResNetRequest = Static<typeof DeepResNetOptions>
/** `layout` is absent for version 2, and in jobs that are older than it: torchvision. */
export type DeepResNet = Required<Omit<DeepResNetRequest, 'layout'>> &
  Pick<DeepResNetRequest, 'layout'>
export type Vgg = Required<VggOptions>
export type NetworkOptions = PlainResNet | DeepResNet | Vgg
export type ModelOptions = NetworkOptions | ResolvedBoostingOptions

/** Options in an answer. They have no full schema: the serializer would fill in the defaults of other networks. */
const resolved = <M extends ModelOptions>(title: string, kinds: M['kind'][]) =>
  Type.Unsafe<M>(
    openObject(
      title,
      { kind: Type.Enum(kinds) },
      { description: 'every option of the model, with defaults filled in' },
    ),
  )
export const ResolvedModel = resolved<ModelOptions>('ModelOptions', [...modelKinds])
export const ResolvedNetwork = resolved<NetworkOptions>('ResolvedNetwork', ['resnet', 'vgg'])
export const ResolvedBoosting = resolved<ResolvedBoostingOptions>('Boosting', ['boosting'])
