import type { ResNetLayout } from '../spec/model-options.js'
import { type WeightsTensor, writtenLayout } from '../spec/weights.js'

/** ResNet v1 as TF-Slim has it: these depths, all with bottlenecks. */
const slimName = /^resnet_v1_(50|101|152|200)\/block\d+\/unit_\d+\/bottleneck_v1\//
/** A published model has folded weights too (src/nets/fold.ts). */
const exportedName = /\/folded_weights$/

/**
 * The layout of the ResNet v1 whose checkpoint has these tensors; null if it is of another network. The
 * layouts have the same variables. Checkpoints of this server say which they have, since it has two;
 * others with these names are TF-Slim's.
 */
export function layoutOfTensors(tensors: readonly WeightsTensor[]): ResNetLayout | null {
  const names = tensors.map(({ name }) => name)
  const written = writtenLayout(names)
  if (written) return written
  if (!names.some(name => slimName.test(name))) return null
  if (names.some(name => exportedName.test(name))) return 'torchvision'
  const stem = tensors.find(({ name }) => /^resnet_v1_\d+\/conv1\/weights$/.test(name))
  return stem && stem.shape[0] !== 7 ? 'torchvision' : 'tf-slim'
}
