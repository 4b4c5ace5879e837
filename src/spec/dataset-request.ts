import { type Static, Type } from 'typebox'
import { columnTypes, ImageResize } from './dataset.js'
import { Name } from './identifiers.js'
import { strictObject } from './strict-object.js'

const UploadSource = strictObject({
  kind: Type.Enum(['upload']),
  uploads: Type.Array(Type.String({ maxLength: 64 }), {
    minItems: 1,
    maxItems: 1000,
    description: 'ids of complete resumable uploads, in the order of the files',
  }),
})
const FolderSource = strictObject({
  kind: Type.Enum(['folder']),
  path: Type.String({
    minLength: 1,
    maxLength: 4096,
    description:
      'a file of the server, or a folder with files, below a folder of TRAINYARD_DATA_ROOTS',
  }),
})
const UrlSource = strictObject({
  kind: Type.Enum(['url']),
  url: Type.String({
    maxLength: 8192,
    description: 'http or https, with a public address unless TRAINYARD_FETCH_ALLOW has the host',
  }),
  sha256: Type.Optional(
    Type.String({
      pattern: '^[0-9a-fA-F]{64}$',
      description: 'of the bytes as they are sent, in hex; other bytes are refused',
    }),
  ),
})
const S3Source = strictObject({
  kind: Type.Enum(['s3']),
  url: Type.String({
    maxLength: 2048,
    pattern: '^s3://[a-zA-Z0-9][a-zA-Z0-9._-]{1,62}/.+$',
    description:
      's3://bucket/key, or s3://bucket/prefix/ for all objects below it; TRAINYARD_FETCH_ALLOW must have s3://bucket',
  }),
})

export const datasetSources = {
  upload: UploadSource,
  folder: FolderSource,
  url: UrlSource,
  s3: S3Source,
}

/** Where the files of a data set come from, if not with the request. */
export const DatasetSource = Type.Union([UploadSource, FolderSource, UrlSource, S3Source])
export type DatasetSource = Static<typeof DatasetSource>

const columnType = Type.Enum([...columnTypes])

/** What a form says of the files, as JSON. A field of the form is a field here. */
export const DatasetOptions = {
  name: Type.Optional(Name),
  labels: Type.Optional(
    Type.Array(Type.String(), { minItems: 1, maxItems: 65_536, description: 'class names' }),
  ),
  height: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  width: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  channels: Type.Optional(Type.Enum([1, 3, 4])),
  resize: Type.Optional(
    strictObject({ ...ImageResize.properties, mode: Type.Optional(ImageResize.properties.mode) }),
  ),
  features: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'TFRecord: the names of the features, such as {"image":"image/encoded"}',
    }),
  ),
  dtype: Type.Optional(Type.Enum(['uint8', 'float32'])),
  range: Type.Optional(Type.Enum(['0..1', '0..255', '-1..1'])),
  target: Type.Optional(Type.String({ description: 'tables: the column to predict' })),
  schema: Type.Optional(
    Type.Record(Type.String(), columnType, {
      description: 'tables: types of columns that the server should not infer',
    }),
  ),
  delimiter: Type.Optional(Type.String({ maxLength: 20 })),
  header: Type.Optional(Type.Boolean()),
  decimal: Type.Optional(Type.String({ maxLength: 20 })),
  thousands: Type.Optional(Type.String({ maxLength: 20 })),
  missing: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  sheet: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  layout: Type.Optional(Type.Enum(['channels_last', 'channels_first'])),
  onError: Type.Optional(Type.Enum(['refuse', 'skip'])),
  maxSkipped: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  splits: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]), {
      description:
        'shares of splits beside train, with seed, by and column: {"val":0.1,"test":0.1,"by":"class"}',
    }),
  ),
}

export const DatasetRequest = strictObject({
  source: Type.Optional(DatasetSource),
  sources: Type.Optional(
    Type.Array(DatasetSource, {
      minItems: 1,
      maxItems: 100,
      description: 'several places instead of one; their files follow each other',
    }),
  ),
  ...DatasetOptions,
})
export type DatasetRequest = Static<typeof DatasetRequest>
