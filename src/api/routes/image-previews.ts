import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Datasets } from '../../datasets/datasets.js'
import type { SheetLayout } from '../../datasets/preview/preview-tasks.js'
import type { Previews } from '../../datasets/preview/previews.js'
import { TrainyardError } from '../../errors.js'
import type { DatasetManifest, ImagesManifest } from '../../spec/dataset.js'
import { Name } from '../../spec/identifiers.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { strictObject } from '../../spec/strict-object.js'
import { clientGone } from '../http/client-gone.js'
import { isKept, sendNotModified } from '../http/etag.js'
import { invalidQuery } from '../http/http-error.js'
import { Binary, ContactSheetResponse } from '../schemas.js'
import { imageFilter, requireKind } from './dataset-selection.js'

export interface PreviewRoutesDeps {
  datasets: Pick<Datasets, 'get'>
  previews: Pick<Previews, 'ask'>
}

/** Changes when the same request would get other bytes. */
const drawingVersion = 1

const maxCells = 2000
const maxSheetPixels = 16 * 2 ** 20
/** Pixels of the images themselves, which have to be decoded. */
const maxDecodedPixels = 10 ** 9
const maxDefaultRows = 20

const SheetQuery = strictObject({
  class: Type.Optional(Type.String({ maxLength: 400, description: 'the images of this class' })),
  split: Type.Optional(Type.String({ maxLength: 64, description: 'the images of this split' })),
  columns: optionalWithDefault(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
  rows: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description:
        'default: one for each class, at most 20; of one class, as many as there are columns',
    }),
  ),
  cell: optionalWithDefault(
    Type.Integer({ minimum: 8, maximum: 512, default: 64, description: 'pixels of a side' }),
  ),
  from: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2 ** 40,
      description: 'only images from this index on',
    }),
  ),
})

const previewProblems = ['DATASET_NOT_FOUND', 'PREVIEW_BUSY', 'PREVIEW_INTERRUPTED'] as const

const pngResponse = (description: string) =>
  Type.Unsafe<unknown>({ description, content: { 'image/png': { schema: Binary } } })

export const imagePreviewRoutes: FastifyPluginAsyncTypebox<PreviewRoutesDeps> = async (
  app,
  { datasets, previews },
) => {
  const tags = ['datasets']

  app.get(
    '/datasets/:id/images/:index',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getDatasetImage',
        summary: 'Get an image of a data set',
        description:
          'The answer is the image as it is stored: raw pixels as PNG, else the PNG or JPEG itself; `format=png` makes a PNG of a JPEG. By the id of the data set, it may be kept for ever.',
        params: Type.Object({
          id: Name,
          index: Type.Integer({ minimum: 0, description: 'place in the data set, from 0' }),
        }),
        querystring: strictObject({ format: Type.Optional(Type.Enum(['png'])) }),
        problems: [...previewProblems, 'IMAGE_NOT_FOUND'],
        response: {
          200: Type.Unsafe<unknown>({
            description: 'the image',
            content: { 'image/png': { schema: Binary }, 'image/jpeg': { schema: Binary } },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id, index } = request.params
      const dataset = await datasets.get(id)
      if (dataset.kind !== 'images' || index >= dataset.records) throw imageNotFound(dataset, index)
      const asPng = request.query.format === 'png'
      if (isUnchanged(request, reply, dataset.id, [index, asPng])) return sendNotModified(reply)
      const image = { index, asPng }
      const { content, type } = await previews.ask(dataset, 'image', image, clientGone(reply))
      return reply.type(type).send(asBuffer(content))
    },
  )

  app.get(
    '/datasets/:id/contact-sheet',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getContactSheet',
        summary: 'Get many images of a data set as one image',
        description:
          'Each row has the first images of one class, in the order of the classes; with `class`, all rows have images of that class. `from` leaves out the images before it: to see the next ones of a class, it is one more than the `index` of the last cell. Images are scaled to the cells, and keep their aspect ratio. `GET /datasets/:id/contact-sheet/cells` says which image is in which cell.',
        params: Type.Object({ id: Name }),
        querystring: SheetQuery,
        problems: [...previewProblems, 'DATASET_KIND', 'INVALID_QUERY'],
        response: { 200: pngResponse('rows x cell by columns x cell pixels') },
      },
    },
    async (request, reply) => {
      const dataset = await datasets.get(request.params.id)
      const layout = layoutOf(dataset, request.query)
      if (isUnchanged(request, reply, dataset.id, [layout])) return sendNotModified(reply)
      const { content } = await previews.ask(dataset, 'sheetImage', layout, clientGone(reply))
      return reply.type('image/png').send(asBuffer(content))
    },
  )

  app.get(
    '/datasets/:id/contact-sheet/cells',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getContactSheetCells',
        summary: 'Read which images are on a contact sheet',
        description: 'The parameters are those of `GET /datasets/:id/contact-sheet`.',
        params: Type.Object({ id: Name }),
        querystring: SheetQuery,
        problems: [...previewProblems, 'DATASET_KIND', 'INVALID_QUERY'],
        response: { 200: ContactSheetResponse },
      },
    },
    async (request, reply) => {
      const dataset = await datasets.get(request.params.id)
      const layout = layoutOf(dataset, request.query)
      return previews.ask(dataset, 'sheet', layout, clientGone(reply))
    },
  )
}

/** Tags the answer. What is asked for by the id of the data set never changes, by its name it may. */
function isUnchanged(
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
  id: string,
  what: unknown[],
): boolean {
  if (request.params.id === id) {
    reply.header('cache-control', 'private, max-age=31536000, immutable')
  }
  return isKept(request, reply, JSON.stringify([drawingVersion, id, ...what]))
}

interface SheetOptions {
  class?: string
  split?: string
  columns: number
  rows?: number
  cell: number
  from?: number
}

/** Throws INVALID_QUERY if the sheet would be too large. */
function layoutOf(dataset: DatasetManifest, query: SheetOptions): SheetLayout {
  requireKind(dataset, 'images', 'contact sheet')
  const { columns, cell } = query
  const all = imageFilter(dataset, query)
  const filter = { ...all, first: Math.max(all.first, query.from ?? 0) }
  const defaultRows =
    filter.label === null ? Math.min(dataset.labels.length, maxDefaultRows) : columns
  const rows = query.rows ?? defaultRows
  checkSize(dataset, { columns, rows, cell })
  return { filter, columns, rows, cell }
}

function checkSize(
  { height, width }: ImagesManifest,
  { columns, rows, cell }: Pick<SheetLayout, 'columns' | 'rows' | 'cell'>,
): void {
  const cells = columns * rows
  if (cells > maxCells) {
    const message = `${columns} columns and ${rows} rows are ${cells} cells, expected at most ${maxCells}`
    throw invalidQuery('rows', message, 'ask for fewer columns or rows')
  }
  const pixels = cells * cell ** 2
  if (pixels > maxSheetPixels) {
    const message = `${cells} cells of ${cell} x ${cell} are ${pixels} pixels, expected at most ${maxSheetPixels}`
    throw invalidQuery('cell', message, 'ask for smaller cells, or fewer of them')
  }
  if (cells * height * width > maxDecodedPixels) {
    const most = Math.max(1, Math.floor(maxDecodedPixels / (height * width)))
    const message = `images of ${height} x ${width} fill at most ${most} cells of one sheet, and ${cells} are asked for`
    throw invalidQuery('rows', message, 'ask for fewer columns or rows')
  }
}

/** Without a copy. */
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

function imageNotFound(
  { id, kind, records }: { id: string; kind: string; records: number },
  index: number,
) {
  const has = kind === 'images' ? `it has 0 to ${records - 1}` : 'it is a table'
  return new TrainyardError('IMAGE_NOT_FOUND', `data set '${id}' has no image ${index}; ${has}`)
}
