export type Network = 'resnet-plain' | 'resnet50' | 'vgg16'
/** fp16 is for GPUs. */
export type Precision = 'fp32' | 'bf16' | 'fp16'

/** A training task, the same for every subject. */
export interface Case {
  name: string
  network: Network
  /** Width and height of the images in pixels. */
  size: number
  batch: number
  precision: Precision
  classes: number
}

/** The `prepare` request. The subject may write below `tempFolder`. */
export interface CaseRequest extends Case {
  tempFolder: string
}

/**
 * `resnet-plain` has five pre-activation blocks of 64 filters. `resnet50` is version 1.5, with the stride
 * in the 3x3 convolution. `vgg16` has 13 convolutions with biases, global average pooling and one dense
 * layer, without dropout and weight decay.
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

/** Finds cases by name. Without a precision, the name stands for both precisions. */
export const casesNamed = (name: string) =>
  cases.filter(each => each.name === name || each.name === `${name}-${each.precision}`)
