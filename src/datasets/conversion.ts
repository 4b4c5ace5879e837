import type { Shard } from '../spec/dataset.js'
import { openSource } from './detect.js'
import type { Dimensions, ImageShape } from './image-source.js'
import { InputFile } from './input-file.js'
import type { Limits } from './limits.js'
import { writeShards } from './shards.js'
import { type Survey, surveyImages } from './survey.js'

export interface ConversionTask {
  files: { name: string; path: string }[]
  given: Partial<Dimensions>
  labels: string[] | null
  /** Where `shards/` goes. */
  folder: string
  limits: Limits
}

export interface Conversion extends Survey, ImageShape {
  encoding: 'raw' | 'encoded'
  records: number
  shards: Shard[]
}

/** Checks everything before it writes anything. Synchronous: runs in a process of its own. */
export function convert({ files, given, labels, folder, limits }: ConversionTask): Conversion {
  const inputs: InputFile[] = []
  try {
    for (const { name, path } of files) inputs.push(new InputFile(name, path))
    const source = openSource(inputs, given, limits)
    const survey = surveyImages(source, labels)
    const { shape, encoding, records } = source
    return { ...survey, ...shape, encoding, records, shards: writeShards(source, folder) }
  } finally {
    for (const input of inputs) input.close()
  }
}
