import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { Picture } from '../../spec/explanation.js'
import type { ImageExplanationParts, ImageExplanationsTable } from './image-explanations.js'
import { valuesPerSlice } from './prediction-table.js'
import type { RowExplanationsTable } from './row-explanations.js'
import { addHeaders, asciiJson } from './send-predictions.js'

/** A piece of JSON, and how many numbers it has. */
type Piece = readonly [json: string, numbers: number]

export const sendRowExplanations = (reply: FastifyReply, table: RowExplanationsTable) =>
  sendJson(reply, table.head, rowPieces(table))

export const sendImageExplanations = (reply: FastifyReply, table: ImageExplanationsTable) =>
  sendJson(reply, table.head, imagePieces(table.explanations))

/** The picture of the only image. Headers have what JSON says of it, but its map and the lists of names. */
export function sendPicture(
  reply: FastifyReply,
  { head, explanations: [explanation] }: ImageExplanationsTable,
  picture: Picture,
) {
  const { labels: _labels, layers: _layers, notes: _notes, ...facts } = head
  const { fields, map } = explanation!
  addHeaders(reply, { head })
  return reply
    .header('explanation', asciiJson({ picture, ...facts, ...fields, map }))
    .type('image/png')
    .send(Buffer.from(explanation!.picture!))
}

const sendJson = (reply: FastifyReply, head: object, pieces: Iterable<Piece>) =>
  reply.type('application/json; charset=utf-8').send(Readable.from(streamJson(head, pieces)))

/** Lets other requests run between slices. */
async function* streamJson(head: object, pieces: Iterable<Piece>): AsyncGenerator<string> {
  let slice = `${JSON.stringify(head).slice(0, -1)},"explanations":[`
  let written = 0
  for (const [json, numbers] of pieces) {
    slice += json
    written += numbers
    if (written < valuesPerSlice) continue
    yield slice
    slice = ''
    written = 0
    await setImmediate()
  }
  yield `${slice}]}`
}

function* rowPieces({ count, width, explanation }: RowExplanationsTable): Generator<Piece> {
  for (let row = 0; row < count; row++) {
    const json = JSON.stringify(explanation(row))
    yield [row > 0 ? `,${json}` : json, width]
  }
}

function* imagePieces(explanations: readonly ImageExplanationParts[]): Generator<Piece> {
  for (const [i, { fields, map, values }] of explanations.entries()) {
    const own = JSON.stringify({ ...fields, map }).slice(0, -2)
    yield [`${i > 0 ? ',' : ''}${own},"values":[`, 0]
    const { width } = map
    for (let from = 0; from < values.length; from += width) {
      const row = Array.from(values.subarray(from, from + width), toSixDigits)
      yield [`${from > 0 ? ',' : ''}${JSON.stringify(row)}`, width]
    }
    yield [']}}', 0]
  }
}

const toSixDigits = (value: number) => Number(value.toPrecision(6))
