import type { Shard } from '../../../spec/dataset.js'
import { maxShards, recordsPerShard, shardName } from '../../images/shard-names.js'
import { type ImageSelection, leftOut } from './image-selection.js'

/** A shard of the derived data set: one of the source as it is, or `records` images that are written anew. */
export type PlannedShard = { name: string; number: number; split: number } & (
  | { linked: number }
  | { records: number }
)

/**
 * Plans the shards of each split. A shard of the source whose images all stay together, with their labels, is used
 * as it is. The images between two of those are written anew.
 */
export function planShards(
  source: readonly Shard[],
  oldLabels: Int32Array,
  { labels, splits, splitNames }: ImageSelection,
): PlannedShard[] {
  const parts: ({ split: number } & ({ linked: number } | { records: number }))[] = []
  const total = labels.reduce((count, label) => count + (label === leftOut ? 0 : 1), 0)
  const perShard = Math.max(recordsPerShard, Math.ceil(total / maxShards))
  for (let split = 0; split < Math.max(1, splitNames.length); split++) {
    let first = 0
    let pending = 0
    const flush = () => {
      const count = Math.ceil(pending / perShard)
      for (let part = 0; part < count; part++) {
        const from = Math.floor((part * pending) / count)
        parts.push({ split, records: Math.floor(((part + 1) * pending) / count) - from })
      }
      pending = 0
    }
    for (const [shard, { records }] of source.entries()) {
      const end = first + records
      let [kept, same] = [0, 0]
      for (let record = first; record < end; record++) {
        if (labels[record] === leftOut || splits[record] !== split) continue
        kept++
        if (labels[record] === oldLabels[record]) same++
      }
      if (same === records) {
        flush()
        parts.push({ split, linked: shard })
      } else pending += kept
      first = end
    }
    flush()
  }
  return parts.map((part, at) => ({ ...part, number: at, name: shardName(at, parts.length) }))
}
