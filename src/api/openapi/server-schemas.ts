import type { TSchema } from 'typebox'
import { TimeEstimate } from '../../spec/job-queries.js'
import { ResourceColumns } from '../../spec/job-resources.js'
import {
  DataFolder,
  EngineVersions,
  JobCounts,
  RedisInfo,
  ServerKey,
  ServerLimits,
  ServerProblem,
  SlotCounts,
} from '../../spec/server-info.js'

/** The names of parts of answers about the server, and about what jobs take of it. */
export const serverSchemas: Record<string, TSchema> = {
  TimeEstimate,
  ResourceColumns,
  EngineVersions,
  DataFolder,
  RedisInfo,
  JobCounts,
  SlotCounts,
  ServerKey,
  ServerLimits,
  ServerProblem,
}
