// How requests that make a data set are answered: with the data set, or with the import that makes it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Imports, StartedImport } from '../../datasets/imports/imports.js'
import { strictObject } from '../../spec/strict-object.js'
import type { LongPolls } from '../http/long-polls.js'
import { secondsToWait } from '../http/prefer-wait.js'
import { DatasetResponse, ImportResponse } from '../schemas.js'
import { nullIfMissing, resultOrNull } from './dataset-making.js'

export const WaitQuery = strictObject({
  wait: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 600,
      description: 'seconds until the answer is 202; 50 if absent, or 0 with Prefer: respond-async',
    }),
  ),
})

/** What the operations that make a data set answer. */
export const madeAnswers = {
  responseHeaders: {
    200: ['Location'],
    201: ['Location'],
    202: ['Location', 'Preference-Applied'],
  },
  response: { 200: DatasetResponse, 201: DatasetResponse, 202: ImportResponse },
} as const

/** Answers with the data set, or with its import if that takes longer than the client waits. */
export async function answerMaking(
  { imports, longPolls }: { imports: Pick<Imports, 'record'>; longPolls: LongPolls },
  request: FastifyRequest<{ Querystring: Static<typeof WaitQuery> }>,
  reply: FastifyReply,
  begin: () => Promise<StartedImport>,
) {
  const wait = secondsToWait(request, reply, request.query.wait)
  const { running, result } = await begin()
  // the conversion may take longer than a connection may be idle
  request.raw.setTimeout(0)
  const ready = await longPolls.run(reply, wait, signal => resultOrNull(result, signal))
  // one that ends at this moment leaves no record
  const started = ready ? null : await imports.record(running.id).catch(nullIfMissing)
  if (started) return reply.code(202).header('location', `/imports/${running.id}`).send(started)
  const { dataset, created } = ready ?? (await result)
  reply.code(created ? 201 : 200).header('location', `/datasets/${dataset.id}`)
  return reply.send(dataset)
}
