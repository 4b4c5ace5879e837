import type { Network } from './cases.js'

/** Models as a client would request them. */
export const models: Readonly<Record<Network, object>> = {
  'resnet-plain': { kind: 'resnet', block: 'plain', blocks: 5, filters: 64 },
  resnet50: { kind: 'resnet', depth: 50, version: 1, stem: 'imagenet' },
  vgg16: { kind: 'vgg', depth: 16, dense: 'gap', dropout: 0 },
}
