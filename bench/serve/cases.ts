interface CommonCase {
  name: string
  /** How many clients send requests at the same time. */
  clients: readonly number[]
  /**
   * The largest p99 in milliseconds with which a rate counts as `within the bound`; under overload, clients give up
   * after as long.
   */
  boundMs: number
}

/** A request with rows of the boosted trees that is sent again and again. */
export interface TreesCase extends CommonCase {
  kind: 'trees'
  rows: number
  format: 'json' | 'csv'
}

/** Requests with one image file each. */
export interface NetworkCase extends CommonCase {
  kind: 'network'
  model: object
  /** Width and height of the network's images in pixels. */
  side: number
  /** What clients send. */
  files: { format: 'jpeg' | 'png'; width: number; height: number }
  training: { images: number; batchSize: number; steps: number }
  /** Whether requests are also sent at twice the highest rate: those of a small network keep the client itself busy. */
  isOverloaded: boolean
}

export type ServeCase = TreesCase | NetworkCase

const networkClients = [1, 8, 32, 128]

export const cases: readonly ServeCase[] = [
  {
    kind: 'network',
    name: 'resnet50-224',
    model: { kind: 'resnet', depth: 50, version: 1, stem: 'imagenet' },
    side: 224,
    files: { format: 'jpeg', width: 500, height: 375 },
    training: { images: 160, batchSize: 8, steps: 40 },
    isOverloaded: true,
    clients: networkClients,
    boundMs: 1000,
  },
  {
    kind: 'network',
    name: 'resnet-32',
    model: { kind: 'resnet', depth: 20, version: 1 },
    side: 32,
    files: { format: 'png', width: 32, height: 32 },
    training: { images: 640, batchSize: 32, steps: 100 },
    isOverloaded: false,
    clients: networkClients,
    boundMs: 50,
  },
  {
    kind: 'trees',
    name: 'trees-1',
    rows: 1,
    format: 'json',
    clients: [1, 16],
    boundMs: 10,
  },
  {
    kind: 'trees',
    name: 'trees-1000',
    rows: 1000,
    format: 'json',
    clients: [1, 4],
    boundMs: 100,
  },
  {
    kind: 'trees',
    name: 'trees-1000-csv',
    rows: 1000,
    format: 'csv',
    clients: [1, 4],
    boundMs: 100,
  },
]
