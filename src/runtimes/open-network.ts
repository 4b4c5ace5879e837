import type { Runtime } from '../graph/session.js'
import type { LoadedNetwork, NetworkOptions } from './network.js'
import { openTensorFlowNetwork } from './tensorflow-network.js'

/** Loads the network of a model's folder, a SavedModel whose content never changes. */
export async function openNetwork(
  tf: Runtime,
  folder: string,
  _options: NetworkOptions,
): Promise<LoadedNetwork> {
  return openTensorFlowNetwork(tf, folder)
}
