import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { lru } from 'tiny-lru'
import { Type } from 'typebox'
import type { TableManifest } from '../../spec/dataset.js'
import type { ColumnHistogram } from '../../spec/dataset-preview.js'
import { Name } from '../../spec/identifiers.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { PageQuery } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { clientGone } from '../http/client-gone.js'
import { recordCursor, recordIndex } from '../http/record-cursor.js'
import { ColumnHistogramResponse, HistogramPageResponse } from '../schemas.js'
import { columnsOf, requireKind } from './dataset-selection.js'
import type { PreviewRoutesDeps } from './image-previews.js'

const Bins = optionalWithDefault(
  Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 20,
    description:
      'bins of numbers, and the most frequent categories; of integers there may be fewer',
  }),
)

const problems = [
  'DATASET_NOT_FOUND',
  'DATASET_KIND',
  'INVALID_QUERY',
  'PREVIEW_BUSY',
  'PREVIEW_INTERRUPTED',
] as const

/** A thousand histograms of a thousand bins have 16 MB of JSON. */
const maxBinsOfPage = 200_000

export const tablePreviewRoutes: FastifyPluginAsyncTypebox<PreviewRoutesDeps> = async (
  app,
  { datasets, previews },
) => {
  const tags = ['datasets']
  // data sets never change
  const kept = lru<ColumnHistogram[]>(64)

  const histograms = async (
    dataset: TableManifest,
    columns: readonly string[],
    bins: number,
    signal: AbortSignal,
  ) => {
    const key = JSON.stringify([dataset.id, bins, columns])
    const known = kept.get(key)
    if (known) return known
    const input = { columns, bins }
    const computed = await previews.ask(dataset, 'histograms', input, signal)
    // a cache of large ones would take memory
    if (columns.length * bins <= 2000) kept.set(key, computed.histograms)
    return computed.histograms
  }

  app.get(
    '/datasets/:id/columns/:name/histogram',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getColumnHistogram',
        summary: 'Read how the values of a column are spread',
        description:
          'Numbers are counted in bins of equal width, categories by value. The values of columns of text are not stored.',
        params: Type.Object({ id: Name, name: Type.String({ description: 'a column' }) }),
        querystring: strictObject({ bins: Bins }),
        problems: [...problems],
        response: { 200: ColumnHistogramResponse },
      },
    },
    async (request, reply) => {
      const dataset = await datasets.get(request.params.id)
      requireKind(dataset, 'table', 'columns')
      const [column] = columnsOf(dataset.columns, [request.params.name])
      const { bins } = request.query
      const [histogram] = await histograms(dataset, [column!.name], bins, clientGone(reply))
      return histogram!
    },
  )

  app.get(
    '/datasets/:id/histograms',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'listHistograms',
        summary: 'Read how the values of all columns are spread',
        description:
          'The answer is a page of columns, in the order of the table; `nextCursor` leads to the next one.',
        params: Type.Object({ id: Name }),
        querystring: strictObject({ bins: Bins, ...PageQuery }),
        problems: [...problems, 'INVALID_CURSOR'],
        response: { 200: HistogramPageResponse },
      },
    },
    async (request, reply) => {
      const dataset = await datasets.get(request.params.id)
      requireKind(dataset, 'table', 'histograms')
      const { bins, limit, cursor } = request.query
      const { id, columns } = dataset
      const from = Math.min(recordIndex(cursor, id), columns.length)
      const affordable = Math.max(1, Math.floor(maxBinsOfPage / bins))
      const shown = columns.slice(from, from + Math.min(limit, affordable)).map(({ name }) => name)
      const end = from + shown.length
      const items = await histograms(dataset, shown, bins, clientGone(reply))
      const nextCursor = end < columns.length ? recordCursor(id, end) : null
      return { items, total: columns.length, nextCursor }
    },
  )
}
