import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Datasets } from '../../datasets/datasets.js'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import { DatasetManifest } from '../../spec/dataset.js'
import { DatasetRequest } from '../../spec/dataset-request.js'
import { Name } from '../../spec/identifiers.js'
import { datasetListFields } from '../../spec/list-fields.js'
import { DatasetListQuery } from '../../spec/list-queries.js'
import { page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { sendPage } from '../http/list-answer.js'
import { conditionIf, parseFields, parseListQuery, timeBetween } from '../http/list-query.js'
import type { LongPolls } from '../http/long-polls.js'
import { registerMultipart } from '../http/multipart.js'
import { formProblems } from '../http/problem-codes.js'
import { splitLists } from '../http/split-lists.js'
import { datasetExamples, sourceExamples } from '../openapi/request-examples.js'
import { Binary, DatasetFieldsResponse, DatasetResponse, NoContent } from '../schemas.js'
import { importForm, importSources, type MakingDeps, skipFormValidation } from './dataset-making.js'
import { answerMaking, madeAnswers, WaitQuery } from './making-answer.js'

export interface DatasetRoutesDeps extends MakingDeps {
  datasets: Pick<Datasets, 'get' | 'idOf' | 'list' | 'remove' | 'removeDamagedName'>
  longPolls: LongPolls
  jobs: Pick<Jobs, 'usesDataset'>
}

const fieldNames = [
  ...(['name', 'labels', 'height', 'width', 'channels', 'features', 'dtype', 'range'] as const),
  ...(['resize', 'layout'] as const),
  ...([
    'target',
    'schema',
    'delimiter',
    'header',
    'decimal',
    'thousands',
    'missing',
    'sheet',
  ] as const),
  ...(['onError', 'maxSkipped', 'splits'] as const),
]

const UploadForm = strictObject({
  file: Type.Array(Binary, {
    minItems: 1,
    description:
      'one or more files: a zip or tar of images with a folder for each class or with a list of labels, images with their folders in `filename`, an IDX pair, TFRecord files, tables and others (docs/datasets.md), each as it is, gzipped, in zlib or Zstandard; the server detects the format from the content; a file part may have any name',
  }),
  name: Type.Optional(Name),
  labels: Type.Optional(Type.String({ description: 'class names, a JSON array' })),
  height: Type.Optional(Type.String({ pattern: '^\\d+$' })),
  width: Type.Optional(Type.String({ pattern: '^\\d+$' })),
  channels: Type.Optional(Type.String({ pattern: '^[134]$' })),
  features: Type.Optional(
    Type.String({
      description:
        'TFRecord: the names of the features, as JSON: {"image":"image/encoded","label":"image/class/label"}; also height, width and channels',
    }),
  ),
  dtype: Type.Optional(
    Type.Enum(['uint8', 'float32'], { description: 'TFRecord: the type of raw pixels' }),
  ),
  range: Type.Optional(
    Type.Enum(['0..1', '0..255', '-1..1'], {
      description: 'TFRecord: the values of black and white of float32 pixels',
    }),
  ),
  layout: Type.Optional(
    Type.Enum(['channels_last', 'channels_first'], {
      description:
        'arrays of images: (n, height, width, channels) or (n, channels, height, width), if their shape fits both',
    }),
  ),
  onError: Type.Optional(
    Type.Enum(['refuse', 'skip'], {
      description:
        'refuse: an image or row that cannot be used refuses the upload (default); skip: it is left out, and listed in `skipped`',
    }),
  ),
  splits: Type.Optional(
    Type.String({
      description:
        'shares of splits beside train, as JSON: {"val":0.1,"test":0.1}; also seed, by (class, random, group or time) and column',
    }),
  ),
  maxSkipped: Type.Optional(
    Type.String({
      pattern: '^(0?\\.\\d{1,9}|[01](\\.0{0,9})?)$',
      description:
        'with onError=skip: the share of images or rows that may be left out, 0 to 1; default 0.01',
    }),
  ),
  resize: Type.Optional(
    Type.String({
      description:
        'the size to which all images are brought, antialiased: {"height":224,"width":224,"mode":"fill"}, or in short 224x224 or 224; the mode is fill (the middle of the image), fit (all of it, with black beside) or stretch; by default, images of different sizes get a size that is chosen from them, and said in the notes',
    }),
  ),
  target: Type.Optional(Type.String({ description: 'CSV: the column to predict' })),
  schema: Type.Optional(
    Type.String({
      description:
        'CSV: types of columns that the server should not infer, as JSON: {"zip":"category"} or [{"name":"zip","type":"category"}]; types are number, integer, boolean, category and text',
    }),
  ),
  delimiter: Type.Optional(
    Type.String({
      description:
        'CSV: comma, semicolon, tab or pipe, or the character itself; or whitespace, for runs of blanks and tabs',
    }),
  ),
  decimal: Type.Optional(
    Type.String({ description: 'CSV: the decimal sign of numbers, . or , (point or comma)' }),
  ),
  thousands: Type.Optional(
    Type.String({
      description:
        "CSV: the sign between groups of digits: , . ' _ or a blank (comma, point, apostrophe, underscore or blank)",
    }),
  ),
  sheet: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'Excel (.xlsx): the name of the sheet; by default the first that is shown',
    }),
  ),
  missing: Type.Optional(
    Type.String({
      description:
        'CSV: texts and numbers that mean a missing value, beside the usual ones; a JSON array such as [".","-999"]',
    }),
  ),
  header: Type.Optional(
    Type.Enum(['true', 'false'], {
      description: 'CSV: whether the first row has the names of the columns',
    }),
  ),
})

const makingProblems = [
  'DATASET_FORM',
  'DATASET_EMPTY',
  'DATASET_TRUNCATED',
  'DATASET_TRAILING_BYTES',
  'DATASET_CHECKSUM',
  'DATASET_SIZE_MISMATCH',
  'DATASET_FORMAT',
  'DATASET_LABELS',
  'DATASET_IMAGE',
  'DATASET_DIMENSIONS',
  'DATASET_TOO_LARGE',
  'DATASET_ENCODING',
  'DATASET_HEADER',
  'DATASET_ROW',
  'DATASET_VALUE',
  'UPLOAD_BUSY',
  'UPLOAD_INTERRUPTED',
  'SOURCE_REFUSED',
  'SOURCE_FAILED',
  'SOURCE_CHANGED',
  'SOURCE_CHECKSUM',
  'UPLOAD_NOT_FOUND',
  'UPLOAD_INCOMPLETE',
  'IMPORT_CANCELLED',
  'IMPORT_INTERRUPTED',
] as const

export const datasetRoutes: FastifyPluginAsyncTypebox<DatasetRoutesDeps> = async (app, deps) => {
  const { datasets, jobs, limits } = deps
  const tags = ['datasets']
  const params = Type.Object({ id: Name })
  await registerMultipart(app, {
    fileBytes: limits.uploadFileBytes,
    files: limits.uploadFiles,
    fields: fieldNames.length,
  })

  app.post(
    '/datasets',
    {
      validatorCompiler: skipFormValidation,
      config: { heldBytes: () => limits.uploadBufferBytes },
      schema: {
        tags,
        operationId: 'uploadDataset',
        summary: 'Make a data set of images or a table',
        description:
          'Of files in a form, or of what `source` names in JSON: resumable uploads, a folder of the server, a URL, or objects of S3. ' +
          'If the same content was uploaded before, the answer is 200 with the existing data set. ' +
          'If it takes longer than `wait` seconds, or at once with `Prefer: respond-async`, the answer is 202 with the import, which `Location` names.',
        consumes: ['multipart/form-data', 'application/json'],
        querystring: WaitQuery,
        body: Type.Unsafe<unknown>({
          content: {
            'multipart/form-data': { schema: UploadForm },
            'application/json': { schema: DatasetRequest },
          },
        }),
        problems: [...formProblems, ...makingProblems],
        describedElsewhere: ['application/json'],
        requestExamples: datasetExamples,
        ...madeAnswers,
      },
    },
    (request, reply) =>
      answerMaking(deps, request, reply, () =>
        request.isMultipart()
          ? importForm(deps, request, reply, fieldNames)
          : importSources(deps, request.body),
      ),
  )

  app.post(
    '/imports',
    {
      schema: {
        tags,
        operationId: 'importDataset',
        summary: 'Make a data set of what lies elsewhere',
        description:
          'Of resumable uploads, a folder of the server, a URL, or objects of S3. The same as `POST /datasets` with this body.',
        querystring: WaitQuery,
        body: DatasetRequest,
        problems: makingProblems,
        requestExamples: sourceExamples,
        ...madeAnswers,
      },
    },
    (request, reply) => answerMaking(deps, request, reply, () => importSources(deps, request.body)),
  )

  app.get(
    '/datasets',
    {
      schema: {
        tags,
        operationId: 'listDatasets',
        summary: 'List data sets, newest first or as `sort` says',
        description:
          '`sort`, `where` and `fields` take several values: repeat them, or separate the values with commas. The answer is a page; `nextCursor` leads to the next one.',
        querystring: DatasetListQuery,
        problems: ['INVALID_QUERY', 'INVALID_CURSOR'],
        response: { 200: page(Type.Union([DatasetResponse, DatasetFieldsResponse])) },
      },
      preValidation: splitLists('sort', 'where', 'fields'),
    },
    async (request, reply) => {
      const { name, kind, createdAfter, createdBefore, fields } = request.query
      const query = parseListQuery(request.query, datasetListFields, [
        ...conditionIf('name', '^=', name),
        ...conditionIf('kind', '=', kind),
        ...timeBetween('createdAt', createdAfter, createdBefore),
      ])
      const only = parseFields(fields, DatasetManifest)
      return sendPage(reply, DatasetResponse, await datasets.list(query), only)
    },
  )

  app.get(
    '/datasets/:id',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getDataset',
        summary: 'Get a data set by its id or name',
        description: 'The answer has its classes or columns, with counts and ranges.',
        params,
        problems: ['DATASET_NOT_FOUND'],
        response: { 200: DatasetResponse },
      },
    },
    request => datasets.get(request.params.id),
  )

  app.delete(
    '/datasets/:id',
    {
      schema: {
        tags,
        operationId: 'deleteDataset',
        summary: 'Delete a data set',
        description: 'Fails with 409 while a queued or running job uses it.',
        params,
        problems: ['DATASET_NOT_FOUND', 'DATASET_IN_USE'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const idOrName = request.params.id
      if (await datasets.removeDamagedName(idOrName)) return reply.code(204).send(null)
      const id = await datasets.idOf(idOrName)
      if (await jobs.usesDataset(id)) throw datasetInUse(id)
      await datasets.remove(id)
      return reply.code(204).send(null)
    },
  )
}

const datasetInUse = (id: string) =>
  new TrainyardError('DATASET_IN_USE', `a queued or running job uses data set '${id}'`)
