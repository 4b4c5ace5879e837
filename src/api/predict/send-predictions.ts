import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type PredictionFormat, predictionFormats } from '../../spec/predict-options.js'
import { streamCsv } from './csv-answer.js'
import { streamJson, toJson } from './json-answer.js'
import { isSmallTable, type PredictionTable } from './prediction-table.js'
import type { PredictionThread } from './prediction-thread.js'

/**
 * The content of an answer, whose headers it sets; handlers return it. (Returning the reply instead would make Fastify
 * listen for its end.) It is text or bytes: the serializer of a union would check every prediction, which is slow.
 */
export async function answerPredictions(
  reply: FastifyReply,
  table: PredictionTable,
  format: PredictionFormat,
  thread: PredictionThread,
): Promise<string | Buffer | Readable> {
  switch (format) {
    case 'json':
      reply.type('application/json; charset=utf-8')
      return isSmallTable(table) ? toJson(table) : Readable.from(streamJson(table))
    case 'csv':
      addHeaders(reply, table).type('text/csv; charset=utf-8')
      return Readable.from(streamCsv(table))
    case 'arrow': {
      const content = await thread.writeArrow(table)
      addHeaders(reply, table).type(predictionFormats.arrow)
      return Buffer.from(content.buffer)
    }
  }
}

/** Clients read headers of some kilobytes. */
const maxNotesLength = 2000

/** What JSON has beside the predictions, as far as it fits into headers. */
export function addHeaders(
  reply: FastifyReply,
  { head }: Pick<PredictionTable, 'head'>,
): FastifyReply {
  const { version, notes = [] } = head as { version?: number; notes?: readonly object[] }
  // a checkpoint of a job has none
  if (version !== undefined) reply.header('model-version', version)
  if (notes.length === 0) return reply
  let count = notes.length
  while (count > 1 && asciiJson(notes.slice(0, count)).length > maxNotesLength) count--
  return reply.header('prediction-notes', asciiJson(notes.slice(0, count)))
}

/** Headers are of ASCII. */
export const asciiJson = (value: unknown) =>
  JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
