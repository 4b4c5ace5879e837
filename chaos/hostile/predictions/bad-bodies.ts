// Predictions over HTTP that every server must refuse, in Trainyard's own form and in both protocols.
import type { Random } from '../../random.js'
import { form, type Headers, json, type RequestText } from '../requests/http-text.js'
import { bytes } from '../requests/target.js'

/** The models that bad requests aim at. */
export interface PredictionTarget {
  key: string
  /** Takes rows of numbers. */
  trees: { name: string; columns: readonly string[] }
  /** Takes images of height, width and channels. */
  network: { name: string; shape: readonly [number, number, number] }
}

type Bad = (random: Random, target: PredictionTarget) => RequestText

const post = (path: string, body: unknown, headers: Headers = []): RequestText => {
  const text = json(typeof body === 'string' ? body : JSON.stringify(body))
  return { ...text, path, headers: [...text.headers, ...headers] }
}

/** A right row, to be made wrong. */
const rowOf = ({ trees }: PredictionTarget): Record<string, unknown> =>
  Object.fromEntries(trees.columns.map((name, i) => [name, i]))

const imageOf = ({ network: { shape } }: PredictionTarget, pixel: unknown = 0): unknown[] =>
  Array.from({ length: shape[0] }, () => Array.from({ length: shape[1] }, () => pixel))

const noPixels = [300, -1, null, 'x', {}, [1, 2], true, 1e39] as const
const noNumbers = ['x', {}, [], [1], true, 1e300] as const
const noColumns = ['x', {}, [], true, ['x'], [[1, 2]], [{}], [1e300]] as const
const noBase64 = ['!', '%%%%', 5, null, '', ['a'], 'AAAA=AAA', '\u0000'] as const
const noInstances = [null, 5, 'x', {}, [], [null], [[]], [[[[[1]]]]], [5], ['x']] as const
const noJson = [
  ...['{"instances":[[NaN]]}', '{"instances":[[Infinity]]}', '{"instances":[[1', '{"inputs":[{]}'],
  ...['NaN', '', '[', '\u0000', '{"instances":[[1.]]}'],
] as const
const noShapes = [[-1], [0.5], ['x'], null, 5, [1e15, 1e15], [2 ** 53], Array(100).fill(1)] as const
const noDatatypes = ['FP31', 'float32', '', null, 5, 'BYTE'] as const
const noLengths = ['-1', '1e3', 'x', '99999999999', '9007199254740993', '0.5'] as const
const noVersions = ['0', '-1', '99', 'x', '99999999999999999999', '1.5'] as const
const noModels = ['nobody', 'NO', '..', '%00', 'x'.repeat(200)] as const
const tfMethods = ['predict', 'classify', 'regress'] as const

const anyName = (random: Random, { trees, network }: PredictionTarget) =>
  random.pick([trees.name, network.name])

const own: readonly Bad[] = [
  (random, target) =>
    post(`/models/${anyName(random, target)}/predict`, { instances: random.pick(noInstances) }),
  (random, target) => post(`/models/${anyName(random, target)}/predict`, random.pick(noJson)),
  (random, target) =>
    post(`/models/${target.network.name}/predict`, {
      instances: [imageOf(target, random.pick(noPixels))],
    }),
  (random, target) =>
    post(`/models/${target.network.name}/predict`, {
      instances: [imageOf(target), imageOf(target).slice(random.integerBelow(9) + 1)],
    }),
  (random, target) =>
    post(`/models/${target.network.name}/predict`, {
      instances: [{ b64: random.pick(noBase64) }],
    }),
  (random, target) =>
    post(`/models/${target.network.name}/predict`, {
      instances: [{ b64: damagedImage(random).toString('base64') }],
    }),
  (random, target) => ({
    method: 'POST',
    path: `/models/${target.network.name}/predict`,
    headers: [['Content-Type', random.pick(['image/png', 'image/jpeg', 'image/webp'])]],
    body: damagedImage(random),
  }),
  (random, target) => ({
    path: `/models/${target.network.name}/predict`,
    ...form([
      { name: 'images', fileName: 'a.png', content: damagedImage(random) },
      { name: 'images', fileName: 'b.jpg', content: damagedImage(random) },
    ]),
  }),
  (random, target) => ({
    method: 'POST',
    path: `/models/${target.network.name}/predict?dtype=float32&shape=${random.pick(['1,28,28,1', '2,2', '0', '-1', '1,1e9,1e9'])}`,
    headers: [['Content-Type', 'application/octet-stream']],
    body: bytes(random, random.integerBelow(64)),
  }),
  (random, target) =>
    post(`/models/${target.trees.name}/predict`, {
      instances: [
        rowOf(target),
        { ...rowOf(target), [random.pick(target.trees.columns)]: random.pick(noNumbers) },
      ],
    }),
  (random, target) =>
    post(`/models/${target.trees.name}/predict`, {
      instances: [{ ...rowOf(target), [`unknown${random.integerBelow(1000)}`]: 1 }],
    }),
  (random, target) =>
    post(`/models/${target.trees.name}/predict`, {
      instances: [target.trees.columns.slice(random.integerBelow(5) + 1).map(() => 1)],
    }),
  (random, target) => ({
    method: 'POST',
    path: `/models/${target.trees.name}/predict`,
    headers: [['Content-Type', 'text/csv']],
    body: `${target.trees.columns.join()}\n${target.trees.columns.map(() => random.pick(['x', '"', '1e'])).join()}\n`,
  }),
  (random, target) =>
    post(`/models/${anyName(random, target)}/predict?version=${random.pick(noVersions)}`, {
      instances: [rowOf(target)],
    }),
  (random, target) =>
    post(`/models/${random.pick(noModels)}/predict`, { instances: [rowOf(target)] }),
]

const inferPath = (name: string) => `/v2/models/${name}/infer`
const binaryHeader = 'Inference-Header-Content-Length'

const imagesTensor = ({ network: { shape } }: PredictionTarget) => ({
  name: 'images',
  datatype: 'UINT8',
  shape: [1, ...shape] as unknown,
  data: Array(shape[0] * shape[1] * shape[2]).fill(0) as unknown,
})

const oip: readonly Bad[] = [
  (random, target) =>
    post(inferPath(anyName(random, target)), {
      inputs: random.pick<unknown>([undefined, null, [], [5], [{}], 'x', [{ name: 5 }]]),
    }),
  (random, target) => post(inferPath(anyName(random, target)), random.pick(noJson)),
  (random, target) =>
    post(inferPath(target.network.name), {
      inputs: [{ ...imagesTensor(target), shape: random.pick(noShapes) }],
    }),
  (random, target) =>
    post(inferPath(target.network.name), {
      inputs: [{ ...imagesTensor(target), datatype: random.pick(noDatatypes) }],
    }),
  (random, target) =>
    post(inferPath(target.network.name), {
      inputs: [{ ...imagesTensor(target), name: `input${random.integerBelow(1000)}` }],
    }),
  (random, target) =>
    post(inferPath(target.network.name), {
      inputs: [
        { ...imagesTensor(target), data: random.pick<unknown>([[], [1], ['x'], [[1], [1, 2]], 5]) },
      ],
    }),
  (random, target) =>
    post(inferPath(target.network.name), {
      inputs: [imagesTensor(target)],
      outputs: [{ name: `output${random.integerBelow(1000)}` }],
    }),
  (random, target) =>
    post(inferPath(target.network.name), {
      inputs: [imagesTensor(target)],
      parameters: { timeout: random.pick<unknown>([-1, 'x', 0.5, {}]) },
    }),
  (random, target) =>
    post(inferPath(target.trees.name), {
      inputs: [
        {
          name: 'rows',
          datatype: 'FP64',
          shape: [1, target.trees.columns.length + 1 + random.integerBelow(5)],
          data: Array(target.trees.columns.length).fill(1),
        },
      ],
    }),
  // the tensor's bytes are not what the JSON says
  (random, target) => {
    const { data: _, ...tensor } = imagesTensor(target)
    const right = target.network.shape.reduce((product, size) => product * size, 1)
    const size = random.pick([right + 1, right - 1, 2 ** 40, -1, 0.5, 0])
    return withBinary(target, { ...tensor, parameters: { binary_data_size: size } }, right)
  },
  // the JSON ends elsewhere, or nowhere
  (random, target) => {
    const { data: _, ...tensor } = imagesTensor(target)
    const parameters = { binary_data_size: 4 }
    const length = random.pick(noLengths)
    return withBinary(target, { ...tensor, parameters }, 4, length)
  },
  (random, target) =>
    post(`/v2/models/${anyName(random, target)}/versions/${random.pick(noVersions)}/infer`, {
      inputs: [imagesTensor(target)],
    }),
  (random, target) => post(inferPath(random.pick(noModels)), { inputs: [imagesTensor(target)] }),
]

function withBinary(
  { network }: PredictionTarget,
  tensor: object,
  byteCount: number,
  headerLength?: string,
): RequestText {
  const head = Buffer.from(JSON.stringify({ inputs: [tensor] }))
  return {
    method: 'POST',
    path: inferPath(network.name),
    headers: [
      ['Content-Type', 'application/octet-stream'],
      [binaryHeader, headerLength ?? String(head.length)],
    ],
    body: Buffer.concat([head, Buffer.alloc(byteCount)]),
  }
}

const tfPath = (name: string, method: string) => `/v1/models/${name}:${method}`

const tfServing: readonly Bad[] = [
  (random, target) =>
    post(tfPath(anyName(random, target), 'predict'), { instances: random.pick(noInstances) }),
  (random, target) =>
    post(tfPath(anyName(random, target), random.pick(tfMethods)), random.pick(noJson)),
  (random, target) =>
    post(tfPath(target.network.name, 'predict'), {
      instances: [imageOf(target, random.pick(['x', {}, null]))],
    }),
  (random, target) =>
    post(tfPath(target.network.name, 'predict'), {
      instances: [{ b64: random.pick(noBase64) }],
    }),
  (random, target) =>
    post(tfPath(target.trees.name, 'predict'), {
      signature_name: `signature${random.integerBelow(1000)}`,
      instances: [rowOf(target)],
    }),
  (random, target) =>
    post(tfPath(anyName(random, target), random.pick(['classify', 'regress'])), {
      examples: random.pick<unknown>([undefined, null, [], 5, [5], ['x'], {}]),
    }),
  (random, target) =>
    post(tfPath(target.trees.name, 'predict'), {
      inputs: { [random.pick(target.trees.columns)]: random.pick(noColumns) },
    }),
  (random, target) =>
    post(`/v1/models/${anyName(random, target)}/versions/${random.pick(noVersions)}:predict`, {
      instances: [rowOf(target)],
    }),
  (random, target) =>
    post(`/v1/models/${anyName(random, target)}/labels/none${random.integerBelow(99)}:predict`, {
      instances: [rowOf(target)],
    }),
  (random, target) =>
    post(tfPath(random.pick(noModels), random.pick(tfMethods)), { instances: [rowOf(target)] }),
]

/** By the protocol. */
export const badBodies: Readonly<Record<string, readonly Bad[]>> = { own, oip, tfServing }

const signatures = ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff\xe0', 'RIFF\x10\0\0\0WEBPVP8 ', '']

const damagedImage = (random: Random): Buffer =>
  Buffer.concat([
    Buffer.from(random.pick(signatures), 'latin1'),
    bytes(random, random.integerBelow(200)),
  ])
