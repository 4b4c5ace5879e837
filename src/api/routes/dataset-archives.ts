import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Datasets } from '../../datasets/datasets.js'
import {
  type ExportFormat,
  imageFormats,
  tableFormats,
} from '../../datasets/exports/export-task.js'
import type { Exports } from '../../datasets/exports/exports.js'
import { isDamaged } from '../../errors.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import { Name } from '../../spec/identifiers.js'
import { strictObject } from '../../spec/strict-object.js'
import type { DamageRegistry } from '../../store/damage-registry.js'
import { isKept, sendNotModified } from '../http/etag.js'
import { invalidQuery } from '../http/http-error.js'
import { Binary } from '../schemas.js'

export interface ArchiveRoutesDeps {
  datasets: Pick<Datasets, 'get' | 'getIntact'>
  exports: Pick<Exports, 'open'>
  damage: Pick<DamageRegistry, 'add'>
}

/** Changes when the same data set would get other bytes. */
const archiveVersion = 1

/** Of smaller data sets, all checksums are compared before the first byte is sent; it takes a second. */
const maxBytesToCheck = 2 ** 30

const files: Readonly<Record<ExportFormat, { type: string; extension: string }>> = {
  tfrecord: { type: 'application/x-tar', extension: 'tar' },
  folders: { type: 'application/zip', extension: 'zip' },
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  parquet: { type: 'application/vnd.apache.parquet', extension: 'parquet' },
  arrow: { type: 'application/vnd.apache.arrow.file', extension: 'arrow' },
}

const mediaTypes = Object.values(files).map(({ type }) => type.split(';')[0]!)

export const datasetArchiveRoutes: FastifyPluginAsyncTypebox<ArchiveRoutesDeps> = async (
  app,
  { datasets, exports, damage },
) => {
  app.get(
    '/datasets/:id/archive',
    {
      config: { etag: true },
      schema: {
        tags: ['datasets'],
        operationId: 'downloadDataset',
        summary: 'Download a data set as one file',
        description:
          'Images come as a tar of their TFRecord shards (`tfrecord`, the default), or as a zip with one folder for each class (`folders`); tables as CSV (the default), Parquet or one Arrow IPC file. Columns of text are not stored, so they are missing; the header `Text-Columns` names them. Checksums are compared while the data is read: if one does not match, the connection ends before the file does.',
        params: Type.Object({ id: Name }),
        querystring: strictObject({
          format: Type.Optional(Type.Enum([...imageFormats, ...tableFormats])),
        }),
        problems: ['DATASET_NOT_FOUND', 'INVALID_QUERY', 'PREVIEW_BUSY', 'PREVIEW_INTERRUPTED'],
        responseHeaders: { 200: ['Content-Disposition', 'Text-Columns'] },
        response: {
          200: Type.Unsafe<unknown>({
            description: 'the data set',
            content: Object.fromEntries(mediaTypes.map(type => [type, { schema: Binary }])),
          }),
        },
      },
    },
    async (request, reply) => {
      const dataset = await datasets.get(request.params.id)
      const format = formatFor(dataset, request.query.format)
      const { type, extension } = files[format]
      const textColumns = textColumnsHeader(dataset)
      if (textColumns !== null) reply.header('text-columns', textColumns)
      const content = JSON.stringify([archiveVersion, dataset.id, format])
      if (isKept(request, reply, content)) return sendNotModified(reply)
      reply
        .type(type)
        .header('content-disposition', `attachment; filename="${dataset.name}.${extension}"`)
      if (request.method === 'HEAD') return reply.send(Readable.from([]))
      const bytes = dataset.shards.reduce((sum, shard) => sum + shard.bytes, 0)
      if (bytes <= maxBytesToCheck) await datasets.getIntact(dataset.id)
      const stream = await exports.open(dataset, format)
      stream.once('error', error => {
        if (isDamaged(error)) damage.add(error)
        else request.log.warn({ err: error }, 'an export ended early')
      })
      if (reply.raw.destroyed) stream.destroy()
      return reply.send(stream)
    },
  )
}

function formatFor(dataset: DatasetManifest, format: ExportFormat | undefined): ExportFormat {
  const formats: readonly ExportFormat[] = dataset.kind === 'images' ? imageFormats : tableFormats
  if (format === undefined) return formats[0]!
  if (formats.includes(format)) return format
  const kind = dataset.kind === 'images' ? 'images' : 'a table'
  const cure = `ask for ${formats.join(' or ')}`
  throw invalidQuery('format', `the data set is ${kind}, which has no ${format}; ${cure}`, cure)
}

const maxHeaderLength = 1000

/** The names of the columns that are left out, as JSON in ASCII; of many, the first. Null if there are none. */
function textColumnsHeader(dataset: DatasetManifest): string | null {
  if (dataset.kind !== 'table') return null
  const names = dataset.columns.filter(({ type }) => type === 'text').map(({ name }) => name)
  if (names.length === 0) return null
  const shown: string[] = []
  for (const name of names) {
    if (asciiJson([...shown, name]).length > maxHeaderLength) break
    shown.push(name)
  }
  return asciiJson(shown)
}

const asciiJson = (value: unknown) =>
  JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
