import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { truncate } from '../../errors.js'
import {
  type EncodedRows,
  type RowPredictionOptions,
  rowModelOf,
} from '../../predictions/row-encoding.js'
import {
  arrowTypes,
  formType,
  imageTypes,
  parquetType,
  preprocessingOf,
  tensorType,
} from '../../serving/contract.js'
import { imageCounts } from '../../serving/image-counts.js'
import { type ReadImages, readImageFiles } from '../../serving/image-files.js'
import type { FileInput } from '../../serving/image-notes.js'
import type { BoostingModel, Model, NetworkModel } from '../../spec/model.js'
import type { TensorOptions } from '../../spec/predict-options.js'
import { HttpError } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'
import { registerMultipart } from '../http/multipart.js'
import { bytesOf } from '../http/raw-request.js'
import { readImageForm } from './image-form.js'
import type { BodyFormat } from './input.js'
import type { PredictionThread } from './prediction-thread.js'
import { tensorFormOf } from './request-options.js'

/** The type of a body → how its numbers are written; others are files. */
const bodyFormats: Readonly<Record<string, BodyFormat>> = {
  'application/json': { format: 'json' },
  'text/csv': { format: 'csv' },
  ...Object.fromEntries(arrowTypes.map(type => [type, { format: 'arrow' }])),
  [parquetType]: { format: 'parquet' },
}
const textTypes = ['application/json', 'text/csv']
export const binaryTypes = [...imageTypes, tensorType, ...arrowTypes, parquetType]
export const bodyTypes = [...textTypes, ...binaryTypes, formType]

/** Memory of a body, by its type. */
export const heldBytesOf =
  (limits: Limits) =>
  (request: FastifyRequest): number =>
    textTypes.includes(contentTypeOf(request)) ? limits.instanceBytes : limits.imageBytes

/** Lets the routes of `app` take the bodies of predictions. */
export async function addBodyParsers(app: FastifyInstance, limits: Limits): Promise<void> {
  app.removeContentTypeParser('application/json')
  await registerMultipart(app, {
    fileBytes: limits.imageBytes,
    // one more than a model takes, so that the refusal can say how many that is
    files: limits.imageFiles + 1,
    fields: 0,
  })
  const bodyLimits = [
    [textTypes, limits.instanceBytes],
    [binaryTypes, limits.imageBytes],
  ] as const
  for (const [types, bodyLimit] of bodyLimits) {
    app.addContentTypeParser(
      [...types],
      { parseAs: 'buffer', bodyLimit },
      (_request, bytes, done) => done(null, bytes),
    )
  }
}

type BodyRequest = FastifyRequest<{ Querystring: TensorOptions }>

/** Images, and the names of their files in a form. */
export type NamedImages = ReadImages & { names?: string[] }

/** Reads the bodies of requests for predictions and explanations. */
export class PredictionBodies {
  constructor(
    private readonly limits: Limits,
    private readonly thread: PredictionThread,
    /** What all bodies are, whatever type they state; by default, the type says it. */
    private readonly fixedFormat: BodyFormat | null = null,
  ) {}

  /** Throws unless every row fits the model. */
  async rows(
    request: BodyRequest,
    model: BoostingModel,
    options: RowPredictionOptions,
  ): Promise<EncodedRows> {
    const body = this.fixedFormat ?? bodyFormatOf(request)
    if (!body) {
      const type = truncate(request.headers['content-type'] ?? '')
      const message = `'${model.id}' predicts rows of a table: send ${textTypes.join(', ')}, ${arrowTypes[0]}, ${parquetType}, or ${tensorType} with a shape, not ${type}`
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
    }
    const task = {
      kind: 'rows',
      bytes: bytesOf(request),
      body,
      model: rowModelOf(model),
      options,
      limits: this.limits,
    } as const
    return (await this.thread.read(task, modelKey(model))) as EncodedRows
  }

  /** Throws unless every image fits the model. */
  async images(
    request: BodyRequest,
    reply: FastifyReply,
    model: NetworkModel,
  ): Promise<NamedImages> {
    const { limits } = this
    const input = fileInputOf(model)
    const classes = Math.max(1, model.labels.length)
    if (!this.fixedFormat && request.isMultipart()) {
      const maxFiles = imageCounts(input, classes, limits).files
      return readImageForm(request, reply, input, { limits, maxFiles })
    }
    const body = this.fixedFormat ?? bodyFormatOf(request)
    if (body?.format === 'csv' || body?.format === 'parquet') {
      const type = contentTypeOf(request)
      const message = `'${model.id}' predicts images: send JSON, Arrow or an image file, not ${type}`
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
    }
    const bytes = bytesOf(request)
    if (body) {
      const task = { kind: 'images', bytes, body, input, classes, limits } as const
      return (await this.thread.read(task, modelKey(model))) as ReadImages
    }
    return readImageFiles([bytes], { input, maxPixels: limits.imagePixels, pathOf: () => '' })
  }
}

const modelKey = ({ id, version, jobId }: Model) => `${id} ${version} ${jobId}`

function fileInputOf(model: NetworkModel): FileInput {
  const { height, width, channels } = model.input
  return { ...preprocessingOf(model), height, width, channels }
}

/** Without parameters such as `charset`. */
function contentTypeOf({ headers }: FastifyRequest): string {
  const { 'content-type': stated = '' } = headers
  // as most clients state it
  if (stated === 'application/json') return stated
  return stated.split(';', 1)[0]!.trim().toLowerCase()
}

/** Returns null if the body is an image file. A request without a body is JSON. */
function bodyFormatOf(request: BodyRequest): BodyFormat | null {
  const type = contentTypeOf(request)
  const tensor = tensorFormOf(request, request.query, type === tensorType)
  if (tensor) return { format: 'tensor', tensor }
  return bodyFormats[type === '' ? 'application/json' : type] ?? null
}
