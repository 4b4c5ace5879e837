/** Images of a shard, unless that makes more shards than `maxShards`. */
export const recordsPerShard = 4000
export const maxShards = 64

export const shardName = (shard: number, shards: number): string =>
  `shards/part-${zeroPad(shard)}-of-${zeroPad(shards)}.tfrecord`

const zeroPad = (value: number) => String(value).padStart(5, '0')
