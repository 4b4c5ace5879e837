import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { QueueStatistics } from '../../jobs/server-statistics.js'
import { engineVersions } from '../../serving/engine-versions.js'
import type { ServerInfo, ServerPart } from '../../spec/server-info.js'
import type { DiskUse } from '../../store/disk-use.js'
import { version } from '../../version.js'
import { type ApiKeys, callerNameOf } from '../http/api-keys.js'
import type { Limits } from '../http/limits.js'
import { checkReadiness, type ReadinessDeps } from '../readiness.js'
import { ServerInfoResponse } from '../schemas.js'

export interface ServerInfoRoutesDeps extends ReadinessDeps {
  keys: Pick<ApiKeys, 'list'>
  limits: Limits
  diskUse: Pick<DiskUse, 'get'>
}

export const serverInfoRoutes: FastifyPluginAsyncTypebox<ServerInfoRoutesDeps> = async (
  app,
  deps,
) => {
  const startedAt = new Date(Date.now() - 1000 * process.uptime()).toISOString()
  const { keys, limits } = deps

  app.get(
    '/server',
    {
      schema: {
        operationId: 'getServer',
        tags: ['server'],
        summary: 'Describe the server',
        description:
          'Its versions, disk, Redis, queue, slots, keys and limits, in one answer. A part that cannot be read is null, and ' +
          '`problems` says why; the others are there. No key and no path of the server is in it.',
        response: { 200: ServerInfoResponse },
      },
    },
    async request => {
      const caller = callerNameOf(request)
      const [checks, parts] = await Promise.all([checkReadiness(deps, false), readParts(deps)])
      return {
        version,
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
        startedAt,
        uptimeSeconds: process.uptime(),
        checks,
        ...parts,
        keys: keys.list().map(key => ({ ...key, current: key.name === caller })),
        limits: {
          uploadFileBytes: limits.uploadFileBytes,
          uploadFiles: limits.uploadFiles,
          bodyBytes: limits.bodyBytes,
          instanceBytes: limits.instanceBytes,
          instances: limits.instances,
          rows: limits.rows,
          imageBytes: limits.imageBytes,
          imageFiles: limits.imageFiles,
        },
      }
    },
  )
}

const countsOf = ({ jobs, ...queue }: QueueStatistics) => ({ ...jobs, ...queue })

const noRedis = 'Redis does not answer; its log says why, and GET /readyz whether the disk is full'

async function readParts({
  jobs,
  disk,
  diskUse,
}: ServerInfoRoutesDeps): Promise<Pick<ServerInfo, ServerPart | 'problems'>> {
  const { statistics } = jobs
  const problems: ServerInfo['problems'] = []
  const orProblem = <T>(part: ServerPart, read: () => Promise<T>, message: string) =>
    read().catch(() => {
      problems.push({ part, message })
      return null
    })
  const [engines, data, redis, queue, workers] = await Promise.all([
    orProblem(
      'engines',
      async () => engineVersions(),
      'the native libraries are not set up: `npm run setup` installs them',
    ),
    disk.status(),
    orProblem('redis', () => statistics.redis(), noRedis),
    orProblem('jobs', () => statistics.queue(), noRedis),
    orProblem('slots', () => statistics.workers(), noRedis),
  ])
  const { freeBytes, totalBytes, problem } = data
  if (freeBytes === null && problem !== null) problems.push({ part: 'data', message: problem })
  const used = diskUse.get()
  const slots = workers?.flatMap(worker => worker.slots)
  return {
    engines,
    data:
      freeBytes === null && problem !== null
        ? null
        : { freeBytes, totalBytes, usedBytes: used.size > 0 ? Object.fromEntries(used) : null },
    redis,
    jobs: queue && countsOf(queue),
    slots: slots
      ? {
          workers: workers!.length,
          total: slots.length,
          busy: slots.filter(({ job }) => job !== null).length,
        }
      : null,
    problems,
  }
}
