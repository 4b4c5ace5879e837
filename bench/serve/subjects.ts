import { withMlflow } from './mlflow.js'
import { networkPeers } from './networks/peers.js'
import type { NetworkInput } from './networks/served-network.js'
import type { WithServer } from './server.js'
import { withTrainyardNetwork, withTrainyardTrees } from './trainyard.js'
import type { TreesInput } from './trees.js'

/** The servers of networks, in the order in which they take turns. */
export const networkServers: Readonly<Record<string, WithServer<NetworkInput>>> = {
  trainyard: withTrainyardNetwork('fp32'),
  'trainyard-bf16': withTrainyardNetwork('bf16'),
  'trainyard-int8': withTrainyardNetwork('int8'),
  ...networkPeers,
}

export const treeServers: Readonly<Record<string, WithServer<TreesInput>>> = {
  trainyard: withTrainyardTrees,
  mlflow: withMlflow,
}

export const subjectNames = [
  ...new Set([...Object.keys(networkServers), ...Object.keys(treeServers)]),
]
