/** Whether the answer to INFO is that of a node of a Redis Cluster. */
export const isRedisCluster = (info: string): boolean =>
  /^(redis_mode|server_mode):cluster|^cluster_enabled:1/m.test(info)

/** BullMQ's scripts, and transactions over several keys, need all keys on one server. */
export const clusterReason =
  'it is a Redis Cluster, which is not supported: use one Redis or Valkey, with replicas and Sentinel if it is to survive its machine'
