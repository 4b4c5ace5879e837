export type Network = 'resnet-plain' | 'resnet50' | 'vgg16'
export type Precision = 'fp32' | 'bf16'

/** One thing to train, the same for every subject. */
export interface Case {
  name: string
  network: Network
  /** Side of the square images, pixels. */
  size: number
  batch: number
  precision: Precision
  classes: number
}

/** What a subject is told; it may write below `tempFolder`. */
export interface CaseRequest extends Case {
  tempFolder: string
}

/**
 * `resnet-plain` has five pre-activation blocks of 64 filters. `resnet50` is version 1.5 (the stride
 * is on the 3x3). `vgg16` has its 13 convolutions with biases, then global average pooling and one
 * dense layer; no dropout, no weight decay.
 */
const workloads = [
  { name: 'resnet-plain-32', network: 'resnet-plain', size: 32, batch: 64 },
  { name: 'resnet50-64', network: 'resnet50', size: 64, batch: 32 },
  { name: 'resnet50-224', network: 'resnet50', size: 224, batch: 8 },
  { name: 'vgg16-64', network: 'vgg16', size: 64, batch: 32 },
] as const

const precisions = ['fp32', 'bf16'] as const

export const cases: readonly Case[] = workloads.flatMap(workload =>
  precisions.map(precision => ({
    ...workload,
    name: `${workload.name}-${precision}`,
    precision,
    classes: 10,
  })),
)

/** A name, or its part before the precision. */
export const casesNamed = (name: string) =>
  cases.filter(each => each.name === name || each.name === `${name}-${each.precision}`)
