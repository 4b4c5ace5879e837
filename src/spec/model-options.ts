import { type Static, Type } from 'typebox'
import { closed } from './closed.js'

/** The small pre-activation network of the article; `bottleneck` swaps each k x k pair for 1x1, k x k, 1x1. */
export const ResNetOptions = closed({
  kind: Type.Enum(['resnet']),
  block: Type.Optional(Type.Enum(['plain', 'bottleneck'], { default: 'plain' })),
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
})
export type ResNetOptions = Required<Static<typeof ResNetOptions>>

export const ModelOptions = ResNetOptions
export type ModelOptions = ResNetOptions
