import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'
import { ReadinessCheck } from './readiness.js'

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Bytes = (description: string) => nullable(Type.Integer({ minimum: 0 }), description)
const Seconds = (description: string) => Type.Number({ minimum: 0, description })
const Version = (description: string) => nullable(Type.String(), description)

export const EngineVersions = Type.Object({
  kind: Type.Enum(['cpu', 'cuda']),
  tensorflow: Version('null if it is not the one that set-up installs'),
  xgboost: Version('null if it is not the one that set-up installs'),
  openvino: Version('null without it: networks are then served by TensorFlow alone'),
})
export type EngineVersions = Static<typeof EngineVersions>

export const DataFolder = Type.Object({
  freeBytes: Bytes('what the server may use of the disk; null if unknown'),
  totalBytes: Bytes('size of the disk; null if unknown'),
  usedBytes: nullable(
    Type.Record(Type.String(), Type.Number({ minimum: 0 })),
    'what each folder takes, such as `jobs` and `models`; null until it has been measured in the background, which the first request starts, at most every ten minutes',
  ),
})

export const RedisInfo = Type.Object({
  version: Version('null if Redis does not allow INFO; so are the fields below'),
  pingSeconds: Seconds('how long it took to answer'),
  usedBytes: Bytes('memory of its data'),
  maxBytes: Bytes('its limit; 0: none'),
  clients: nullable(Type.Integer(), 'connections'),
  evictedKeys: nullable(Type.Integer(), 'keys that it dropped for lack of memory; must stay 0'),
  appendOnly: nullable(
    Type.Boolean(),
    'whether it writes each change to a file; if not, it has at most snapshots, and loses the changes since',
  ),
  savedLast: nullable(Type.Boolean(), 'whether its last snapshot was written'),
})

export const JobCounts = Type.Object({
  queued: Count('queued jobs'),
  running: Count('running jobs'),
  paused: Count('paused jobs'),
  succeeded: Count('jobs that succeeded'),
  failed: Count('jobs that failed'),
  cancelled: Count('cancelled jobs'),
  waiting: Count('jobs in the queue that no worker has taken'),
  unplaced: Count('queued jobs that need what no worker that is alive has'),
  held: Count('queued jobs that wait for a worker with more memory'),
  active: Count('jobs that workers have taken'),
  oldestWaitingSeconds: Seconds('since the oldest queued job was submitted; 0 if none is queued'),
})

export const SlotCounts = Type.Object({
  workers: Count('workers that have reported within the last 15 seconds'),
  total: Count('jobs that they can run at a time'),
  busy: Count('slots with a job'),
})

export const ServerKey = Type.Object({
  name: Type.String({ description: 'as records name who did something: never the key' }),
  createdAt: nullable(Timestamp, 'null for a key of the settings'),
  current: Type.Boolean({ description: 'whether this request came with it' }),
})
export type ServerKey = Static<typeof ServerKey>

export const ServerLimits = Type.Object({
  uploadFileBytes: Count('largest file of an upload'),
  uploadFiles: Count('files in one upload'),
  bodyBytes: Count('largest JSON body, except of predictions'),
  instanceBytes: Count('largest JSON or CSV body of predictions'),
  instances: Count('images in one prediction request, as JSON'),
  rows: Count('table rows in one prediction request'),
  imageBytes: Count('largest image file in a prediction request'),
  imageFiles: Count('image files in one prediction request'),
})

const parts = ['engines', 'data', 'redis', 'jobs', 'slots'] as const

export const ServerProblem = Type.Object({
  part: Type.Enum(parts, { description: 'the field that is null' }),
  message: Type.String(),
})

export const ServerInfo = Type.Object({
  version: Type.String({ description: 'of Trainyard' }),
  node: Type.String({ description: 'version of Node' }),
  platform: Type.String({ description: 'operating system and processor' }),
  startedAt: Timestamp,
  uptimeSeconds: Seconds('since this process of the API started'),
  checks: Type.Array(ReadinessCheck, { description: 'as `GET /readyz` has them' }),
  engines: nullable(EngineVersions),
  data: nullable(DataFolder),
  redis: nullable(RedisInfo),
  jobs: nullable(JobCounts),
  slots: nullable(SlotCounts),
  keys: Type.Array(ServerKey, { description: 'the keys that this process accepts' }),
  limits: ServerLimits,
  problems: Type.Array(ServerProblem, {
    description: 'why a part is null; empty if everything could be read',
  }),
})
export type ServerInfo = Static<typeof ServerInfo>
export type ServerPart = (typeof parts)[number]
