import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { Job, JobPatch, JobRequest } from '../../spec/job.js'
import { IdempotencyKey, JobListQuery, JobQuery, waitStatuses } from '../../spec/job-queries.js'
import { jobListFields } from '../../spec/list-fields.js'
import { page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { callerIdOf } from '../http/api-keys.js'
import { clientGone } from '../http/client-gone.js'
import { invalidRequest, queryConflict } from '../http/http-error.js'
import { sendPage } from '../http/list-answer.js'
import { parseFields, parseListQuery } from '../http/list-query.js'
import type { LongPolls } from '../http/long-polls.js'
import { splitLists } from '../http/split-lists.js'
import { jobExamples, updateJobExamples } from '../openapi/request-examples.js'
import { isObject } from '../openapi/schema-object.js'
import { JobFieldsResponse, JobParam, JobPlanResponse, JobResponse, NoContent } from '../schemas.js'
import { filterOf } from './job-selection.js'

export interface JobRoutesDeps {
  jobs: Pick<
    Jobs,
    'submit' | 'dryRun' | 'get' | 'list' | 'update' | 'performAction' | 'remove' | 'telemetry'
  >
  longPolls: LongPolls
}

export const jobRoutes: FastifyPluginAsyncTypebox<JobRoutesDeps> = async (app, deps) => {
  const { jobs, longPolls } = deps
  const tags = ['jobs']
  const params = Type.Object({ id: JobParam })

  app.post(
    '/jobs',
    {
      schema: {
        tags,
        operationId: 'submitJob',
        summary: 'Submit a job that trains or predicts',
        description:
          'With `model`, the job trains one; with `predict`, a version predicts all records of the data set, and the predictions are a data set. The job is stored durably before the server answers, so it survives every restart. A repeated request with the same Idempotency-Key and body returns the same job, for at least 24 hours.',
        headers: Type.Object({ 'idempotency-key': Type.Optional(IdempotencyKey) }),
        querystring: strictObject({
          dryRun: Type.Optional(Type.Boolean({ description: 'plan the job without creating it' })),
        }),
        body: JobRequest,
        problems: ['INVALID_JOB', 'IDEMPOTENCY_KEY_REUSED', 'PLANNER_BUSY', 'PLANNER_KILLED'],
        requestExamples: jobExamples,
        responseHeaders: { 202: ['Location', 'Idempotency-Replayed'] },
        response: { 200: JobPlanResponse, 202: JobResponse },
      },
      preValidation: async ({ body }) => refuseAnswer(body),
    },
    async (request, reply) => {
      if (request.query.dryRun)
        return reply.send(await jobs.dryRun(request.body, clientGone(reply)))
      const key = request.headers['idempotency-key']
      const caller = key === undefined ? undefined : { id: callerIdOf(request), key }
      const { job, replayed } = await jobs.submit(request.body, caller)
      if (replayed) reply.header('idempotency-replayed', 'true')
      return reply.code(202).header('location', `/jobs/${job.id}`).send(job)
    },
  )

  app.get(
    '/jobs',
    {
      schema: {
        tags,
        operationId: 'listJobs',
        summary: 'List jobs, newest first or as `sort` says',
        description:
          'Lists jobs that match every given condition. `id`, `status`, `label`, `sort`, `where` and `fields` take several values: repeat them, or separate the values with commas.',
        querystring: JobListQuery,
        problems: ['INVALID_QUERY', 'INVALID_CURSOR', 'QUEUE_UNAVAILABLE'],
        response: { 200: page(Type.Union([JobResponse, JobFieldsResponse])) },
      },
      preValidation: splitLists('id', 'status', 'label', 'sort', 'where', 'fields'),
    },
    async (request, reply) => {
      const { limit: _, cursor: __, sort, fields, id: ids, ...conditions } = request.query
      const { filter, more } = filterOf(conditions)
      const parsed = parseListQuery(request.query, jobListFields, more)
      const only = parseFields(fields, Job)
      const listing = await jobs.list({ ...filter, ...(ids && { ids }), ...parsed }, only)
      return sendPage(reply, JobResponse, listing, only)
    },
  )

  app.get(
    '/jobs/:id',
    {
      schema: {
        tags,
        operationId: 'getJob',
        summary: 'Get a job',
        description:
          'At once, or with `wait` as soon as it has ended. The answer is the job in either case: look at its `status`.',
        params,
        querystring: JobQuery,
        problems: ['JOB_NOT_FOUND'],
        response: { 200: JobResponse },
      },
      preValidation: splitLists('while'),
    },
    async (request, reply) => {
      const { id } = request.params
      const { wait, while: statuses } = request.query
      if (wait === undefined && statuses) throw whileWithoutWait()
      if (wait === undefined) return jobs.get(id)
      const found = await longPolls.run(reply, wait, signal =>
        jobs.telemetry.waitWhile(id, statuses ?? waitStatuses, signal),
      )
      return found ?? jobs.get(id)
    },
  )

  app.patch(
    '/jobs/:id',
    {
      schema: {
        tags,
        operationId: 'updateJob',
        summary: "Change a job's name, labels, priority or resources",
        description:
          'As a JSON merge patch: fields and labels that are not given stay, and a label that is null is removed. Name and labels can be changed in every status; a model that is published later gets the new name. The priority can be changed while the job is queued or paused, and resources while it is queued, paused, failed or cancelled; else the answer is 409, and nothing is changed. Resources count from the next attempt on. They change nothing of what a network computes: numbers of workers and devices that do not fit training.shards are refused. Trees depend on the number of workers, which can be changed until the first attempt begins.',
        params,
        body: JobPatch,
        requestExamples: updateJobExamples,
        problems: ['JOB_NOT_FOUND', 'INVALID_JOB', 'JOB_ACTIVE', 'JOB_ENDED'],
        response: { 200: JobResponse },
      },
    },
    request => jobs.update(request.params.id, request.body),
  )

  app.delete(
    '/jobs/:id',
    {
      schema: {
        tags,
        operationId: 'deleteJob',
        summary: 'Delete a finished job with its metrics and checkpoints',
        description:
          'Its model is kept. Fails with 409 while the job is queued, running or paused.',
        params,
        problems: ['JOB_NOT_FOUND', 'JOB_ACTIVE'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await jobs.remove(request.params.id)
      return reply.code(204).send(null)
    },
  )

  for (const { verb, summary, description, problems } of actions) {
    app.post(
      `/jobs/:id/${verb}`,
      {
        schema: {
          tags,
          operationId: `${verb}Job`,
          summary,
          description,
          params,
          problems: ['JOB_NOT_FOUND', ...problems],
          response: { 202: JobResponse },
        },
      },
      async (request, reply) =>
        reply.code(202).send(await jobs.performAction(request.params.id, verb)),
    )
  }
}

/** What the server works out for `training`, one for networks and one for trees. */
const workedOut = ['stepsPerEpoch', 'rows']

/** The parts of a job's answer have fields that no request has; one error says what to send instead. */
function refuseAnswer(body: unknown): void {
  if (!isObject(body)) return
  const { training } = body
  const isAnswer = Object.hasOwn(body, 'transitions') && Object.hasOwn(body, 'request')
  const isPart = isObject(training) && workedOut.some(name => Object.hasOwn(training, name))
  if (!isAnswer && !isPart) return
  const message =
    'these are the fields of an answer, with all defaults filled in; to submit a job again, send the `request` of its answer'
  const path = isAnswer ? '' : '/training'
  throw invalidRequest(path, 'invalid', message)
}

const whileWithoutWait = () =>
  queryConflict('while', 'while needs wait', 'also send wait: the seconds to wait at most')

/** The table in src/jobs/record/states.ts says which action each status allows. */
const actions = [
  {
    verb: 'pause',
    summary: 'Pause a job',
    description:
      'A queued job leaves the queue. A running job saves a checkpoint and stops. Fails with 409 if the job has ended.',
    problems: ['JOB_ENDED', 'JOB_ACTIVE'],
  },
  {
    verb: 'resume',
    summary: 'Resume a paused job',
    description:
      'The job returns to the queue and continues from its last checkpoint. Fails with 409 if the job has ended.',
    problems: ['JOB_ENDED', 'JOB_ACTIVE'],
  },
  {
    verb: 'cancel',
    summary: 'Cancel a job',
    description:
      'A running job saves a checkpoint and ends; it is killed if its current step takes long. Fails with 409 if the job has succeeded or failed.',
    problems: ['JOB_ENDED'],
  },
  {
    verb: 'retry',
    summary: 'Retry a failed or cancelled job',
    description:
      'The job returns to the queue and continues from its last checkpoint. Fails with 409 in every other status.',
    problems: ['JOB_ENDED', 'JOB_ACTIVE', 'DATASET_GONE'],
  },
] as const
