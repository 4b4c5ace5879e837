import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { splitAt } from '../../datasets/stored/split-ranges.js'
import type { DatasetManifest, ImagesManifest, TableManifest } from '../../spec/dataset.js'
import type { SamplePage } from '../../spec/dataset-preview.js'
import { Name } from '../../spec/identifiers.js'
import { PageQuery } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { clientGone } from '../http/client-gone.js'
import { invalidQuery, queryConflict } from '../http/http-error.js'
import { recordCursor, recordIndex } from '../http/record-cursor.js'
import { SamplePageResponse } from '../schemas.js'
import { columnsOf, imageFilter, rangeOf } from './dataset-selection.js'
import type { PreviewRoutesDeps } from './image-previews.js'

/** A page of rows ends early after this many cells. */
const maxCellsOfPage = 100_000

const SamplesQuery = strictObject({
  ...PageQuery,
  from: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2 ** 40,
      description: 'begin with the record of this index, in place of `cursor`',
    }),
  ),
  class: Type.Optional(
    Type.String({ maxLength: 400, description: 'only the images of this class' }),
  ),
  split: Type.Optional(Type.String({ maxLength: 64, description: 'only this split' })),
  column: Type.Optional(
    Type.Array(Type.String({ maxLength: 1000 }), {
      maxItems: 1000,
      description: 'of a table, the only columns; repeat it for several',
    }),
  ),
})

interface SamplesOptions {
  limit: number
  from?: number
  cursor?: string
  class?: string
  split?: string
  column?: string[]
}

export const datasetSampleRoutes: FastifyPluginAsyncTypebox<PreviewRoutesDeps> = async (
  app,
  { datasets, previews },
) => {
  app.get(
    '/datasets/:id/samples',
    {
      config: { etag: true },
      preValidation: async request => {
        const query = request.query as { column?: string | string[] }
        if (query.column !== undefined) query.column = [query.column].flat()
      },
      schema: {
        tags: ['datasets'],
        operationId: 'listSamples',
        summary: 'List the images or rows of a data set',
        description:
          'They come in the order of the data set: images as they were shuffled once, rows as uploaded. The answer is a page; `nextCursor` leads to the next one. `url` of an image is its content. The values of columns of text are not stored.',
        params: Type.Object({ id: Name }),
        querystring: SamplesQuery,
        problems: [
          'DATASET_NOT_FOUND',
          'INVALID_CURSOR',
          'INVALID_QUERY',
          'PREVIEW_BUSY',
          'PREVIEW_INTERRUPTED',
        ],
        response: { 200: SamplePageResponse },
      },
    },
    async (request, reply) => {
      const dataset = await datasets.get(request.params.id)
      const page = await samplePage(dataset, request.query, clientGone(reply))
      // the schema would check the values of rows one by one
      return reply.serializer(JSON.stringify).type('application/json; charset=utf-8').send(page)
    },
  )

  const samplePage = (
    dataset: DatasetManifest,
    query: SamplesOptions,
    signal: AbortSignal,
  ): Promise<SamplePage> =>
    dataset.kind === 'images' ? imagePage(dataset, query, signal) : rowPage(dataset, query, signal)

  async function imagePage(
    dataset: ImagesManifest,
    query: SamplesOptions,
    signal: AbortSignal,
  ): Promise<SamplePage> {
    if (query.column) throw invalidQuery('column', 'images have no columns', 'omit column')
    const { id } = dataset
    const filter = imageFilter(dataset, query)
    const from = firstIndex(query, id, filter.first)
    const input = { filter, from, limit: query.limit }
    const { samples, total, hasMore } = await previews.ask(dataset, 'images', input, signal)
    const items = samples.map(sample => ({
      ...sample,
      url: `/datasets/${id}/images/${sample.index}`,
    }))
    const last = items.at(-1)
    return {
      kind: 'images',
      items,
      total,
      nextCursor: hasMore && last ? recordCursor(id, last.index + 1) : null,
    }
  }

  async function rowPage(
    dataset: TableManifest,
    query: SamplesOptions,
    signal: AbortSignal,
  ): Promise<SamplePage> {
    if (query.class !== undefined) {
      throw invalidQuery('class', 'the rows of a table have no class', 'omit class')
    }
    const { id } = dataset
    const chosen = columnsOf(dataset.columns, query.column)
    const columns = chosen.filter(({ type }) => type !== 'text').map(({ name }) => name)
    const range = rangeOf(dataset, query.split)
    const from = Math.min(firstIndex(query, id, range.first), range.end)
    const affordable = Math.max(1, Math.floor(maxCellsOfPage / Math.max(1, columns.length)))
    const limit = Math.min(query.limit, affordable, range.end - from)
    const { rows } = await previews.ask(dataset, 'rows', { columns, from, limit }, signal)
    const end = from + rows.length
    return {
      kind: 'table',
      items: rows.map((row, i) => ({
        index: from + i,
        split: splitAt(dataset, from + i),
        row,
      })),
      textColumns: chosen.filter(({ type }) => type === 'text').map(({ name }) => name),
      total: range.end - range.first,
      nextCursor: end < range.end ? recordCursor(id, end) : null,
    }
  }
}

function firstIndex({ from, cursor }: SamplesOptions, id: string, first: number): number {
  if (from === undefined) return recordIndex(cursor, id, first)
  if (cursor !== undefined) {
    const cure = 'omit from: the cursor already says where to begin'
    throw queryConflict('from', 'from and cursor cannot be combined', cure)
  }
  return Math.max(first, from)
}
