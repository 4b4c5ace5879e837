import type { Case, Network, Precision } from '../train/cases.js'

interface Workload {
  network: Network
  /** Width and height of the images in pixels. */
  size: number
  batches: readonly number[]
  precisions: readonly Precision[]
  classes: number
}

/**
 * The most telling come first: what the time does not suffice for is left out. Batches are what cards of 16 GB and
 * more train ImageNet with.
 */
const workloads: readonly Workload[] = [
  {
    ...{ network: 'resnet50', size: 224, batches: [64], classes: 1000 },
    precisions: ['bf16', 'fp16', 'fp32'],
  },
  { network: 'resnet-plain', size: 32, batches: [256], classes: 10, precisions: ['bf16', 'fp32'] },
  { network: 'vgg16', size: 224, batches: [64], classes: 1000, precisions: ['bf16', 'fp32'] },
  { network: 'resnet50', size: 224, batches: [256, 16], classes: 1000, precisions: ['bf16'] },
  {
    network: 'resnet50',
    size: 224,
    batches: [128, 32],
    classes: 1000,
    precisions: ['bf16', 'fp16'],
  },
]

export const networkCases: readonly Case[] = workloads.flatMap(
  ({ network, size, batches, precisions, classes }) =>
    batches.flatMap(batch =>
      precisions.map(precision => ({
        name: `${network}-${size}-b${batch}-${precision}`,
        ...{ network, size, batch, precision, classes },
      })),
    ),
)

const pattern = /^(resnet50|resnet-plain|vgg16)-(\d+)-b(\d+)-(fp32|bf16|fp16)$/

/** A case of the list, or another one of the same form, such as `resnet50-160-b96-bf16`; none if it has another form. */
export function casesNamed(name: string): Case[] {
  const known = networkCases.find(each => each.name === name)
  if (known) return [known]
  const [, network, size, batch, precision] = pattern.exec(name) ?? []
  if (!network) return []
  return [
    {
      name,
      network: network as Network,
      size: Number(size),
      batch: Number(batch),
      precision: precision as Precision,
      classes: network === 'resnet-plain' ? 10 : 1000,
    },
  ]
}
