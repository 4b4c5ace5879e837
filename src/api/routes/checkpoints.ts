import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { checkpointState } from '../../jobs/record/checkpoints.js'
import { DamagedItems } from '../../spec/damaged-items.js'
import { isKept, sendNotModified } from '../http/etag.js'
import { pathsIn, sendTar } from '../http/tar.js'
import { CheckpointResponse, JobParam, tarResponse } from '../schemas.js'

export interface CheckpointRoutesDeps {
  jobs: Pick<Jobs, 'listCheckpoints' | 'checkpoint' | 'assertCheckpointIntact'>
}

export const checkpointRoutes: FastifyPluginAsyncTypebox<CheckpointRoutesDeps> = async (
  app,
  { jobs },
) => {
  const tags = ['jobs']
  const params = Type.Object({ id: JobParam, step: Type.Integer({ minimum: 0, maximum: 2 ** 40 }) })

  app.get(
    '/jobs/:id/checkpoints',
    {
      schema: {
        tags,
        operationId: 'listCheckpoints',
        summary: "List a job's checkpoints, oldest first",
        description: 'The answer marks the newest one and the best one.',
        params: Type.Object({ id: JobParam }),
        problems: ['JOB_NOT_FOUND'],
        response: {
          200: Type.Object(
            { items: Type.Array(CheckpointResponse), damaged: DamagedItems },
            { description: 'all checkpoints of the job' },
          ),
        },
      },
    },
    request => jobs.listCheckpoints(request.params.id),
  )

  app.get(
    '/jobs/:id/checkpoints/:step',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getCheckpoint',
        summary: 'Read a checkpoint',
        description: 'The answer lists its files with sizes and checksums.',
        params,
        problems: ['JOB_NOT_FOUND', 'CHECKPOINT_NOT_FOUND'],
        response: { 200: CheckpointResponse },
      },
    },
    async request => {
      const { checkpoint } = await jobs.checkpoint(request.params.id, request.params.step)
      return checkpoint
    },
  )

  app.get(
    '/jobs/:id/checkpoints/:step/archive',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'downloadCheckpoint',
        summary: 'Download a checkpoint as a tar',
        description:
          'In the unpacked folder, `tf.train.latest_checkpoint(FOLDER)` finds the checkpoint of a network. XGBoost loads `model.ubj` of a boosting job.',
        params,
        problems: ['JOB_NOT_FOUND', 'CHECKPOINT_NOT_FOUND'],
        responseHeaders: { 200: ['Content-Disposition'] },
        response: {
          200: tarResponse('a tar with one folder, `<job>-<step>`'),
        },
      },
    },
    async (request, reply) => {
      const { id, step } = request.params
      const { checkpoint, folder, names } = await jobs.checkpoint(id, step)
      if (isKept(request, reply, JSON.stringify(checkpoint))) return sendNotModified(reply)
      await jobs.assertCheckpointIntact(id, step)
      const name = `${id}-${step}`
      const { prefix } = checkpoint
      const extra = prefix === null ? {} : { checkpoint: checkpointState([prefix]) }
      return sendTar(reply, name, { paths: pathsIn(folder, names), root: name, extra })
    },
  )
}
