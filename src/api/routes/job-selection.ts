import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { ActionOutcome } from '../../jobs/job-actions.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { JobFilter } from '../../jobs/queue/job-search.js'
import { publicStatus, requestedAction } from '../../jobs/record/states.js'
import type { Condition } from '../../lists/condition.js'
import { type JobOutcome, JobOutcomes, JobsAction, maxJobsAtOnce } from '../../spec/job-actions.js'
import { JobFacets } from '../../spec/job-facets.js'
import { CancelledJobs, JobFacetsQuery, JobSelection } from '../../spec/job-queries.js'
import { jobListFields } from '../../spec/list-fields.js'
import { invalidRequest } from '../http/http-error.js'
import { parseListQuery, timeBetween } from '../http/list-query.js'
import { problemOf } from '../http/problem-details.js'
import { splitLists } from '../http/split-lists.js'
import { actOnJobsExamples, cancelJobsExamples } from '../openapi/request-examples.js'

export interface JobSelectionRoutesDeps {
  jobs: Pick<Jobs, 'facets' | 'actions'>
  /** Removes the server's paths from a text that clients may read. */
  hidePaths(text: string): string
}

/** What clients do with many jobs at once. */
export const jobSelectionRoutes: FastifyPluginAsyncTypebox<JobSelectionRoutesDeps> = async (
  app,
  { jobs, hidePaths },
) => {
  const tags = ['jobs']

  app.get(
    '/jobs/facets',
    {
      schema: {
        tags,
        operationId: 'jobFacets',
        summary: 'Count the values that jobs can be filtered by',
        description:
          'The statuses, kinds of models, data sets, labels and metrics of the jobs that match every given condition, with the number of jobs that have each.',
        querystring: JobFacetsQuery,
        problems: ['INVALID_QUERY', 'QUEUE_UNAVAILABLE'],
        response: { 200: JobFacets },
      },
      preValidation: splitLists('status', 'label', 'where'),
    },
    async request => {
      const { filter, more } = filterOf(request.query)
      const { where = [] } = parseListQuery({ ...request.query, limit: 1 }, jobListFields, more)
      return jobs.facets({ ...filter, where })
    },
  )

  app.post(
    '/jobs/actions',
    {
      schema: {
        tags,
        operationId: 'actOnJobs',
        summary: 'Pause, resume, cancel, retry or delete many jobs',
        description: `The jobs in \`ids\`, or up to ${maxJobsAtOnce} that match the \`selection\`. Each is changed as by the request for it alone, and as durably; \`items\` has what became of it. A problem with one does not keep the others from being changed.`,
        body: JobsAction,
        problems: ['QUEUE_UNAVAILABLE'],
        requestExamples: actOnJobsExamples,
        response: { 200: JobOutcomes },
      },
    },
    async request => {
      const { action, ids, selection } = request.body
      if ((ids === undefined) === (selection === undefined)) throw oneTarget()
      const selected = selection
        ? await jobs.actions.select(filterOfSelection(selection), action, maxJobsAtOnce)
        : { ids: [...new Set(ids)], hasMore: false }
      const outcomes = await jobs.actions.performAll(selected.ids, action)
      const items = outcomes.map(outcome => {
        if ('error' in outcome && !(outcome.error instanceof TrainyardError)) {
          request.log.error({ err: outcome.error, job: outcome.id }, `${action} of a job failed`)
        }
        return toOutcome(outcome, request.id, hidePaths)
      })
      const failed = items.filter(({ problem }) => problem !== null).length
      return { items, succeeded: items.length - failed, failed, more: selected.hasMore }
    },
  )

  app.post(
    '/jobs/cancel',
    {
      schema: {
        tags,
        operationId: 'cancelJobs',
        summary: 'Cancel all jobs that match a filter',
        description: 'Jobs that have ended do not change. At least one condition is required.',
        body: JobSelection,
        problems: ['QUEUE_UNAVAILABLE'],
        requestExamples: cancelJobsExamples,
        response: { 202: CancelledJobs },
      },
    },
    async (request, reply) => {
      const result = await jobs.actions.cancelAll(filterOfSelection(request.body))
      return reply
        .code(202)
        .send({ count: result.cancelled.length + result.cancelling.length, ...result })
    },
  )
}

/** The conditions of a list: what the index has sets for, and `more` on fields. */
export function filterOf(conditions: Static<typeof JobFacetsQuery>): {
  filter: JobFilter
  more: Condition[]
} {
  const { label: labels, where: _, startedAfter, startedBefore, ...others } = conditions
  const { finishedAfter, finishedBefore, ...filter } = others
  return {
    filter: { ...filter, ...(labels && { labels }) },
    more: [
      ...timeBetween('startedAt', startedAfter, startedBefore),
      ...timeBetween('finishedAt', finishedAfter, finishedBefore),
    ],
  }
}

function filterOfSelection({ labels, ...filter }: JobSelection): JobFilter {
  const labelFilters = Object.entries(labels ?? {}).map(([key, value]) => `${key}:${value}`)
  return { ...filter, ...(labels && { labels: labelFilters }) }
}

function toOutcome(
  outcome: ActionOutcome,
  requestId: string,
  hidePaths: (text: string) => string,
): JobOutcome {
  const { id } = outcome
  if ('error' in outcome) {
    const known = outcome.error instanceof TrainyardError ? outcome.error : null
    return { id, status: null, requested: null, problem: problemOf(known, requestId, hidePaths) }
  }
  const state = outcome.lifecycle?.state ?? 'removed'
  const status = state === 'removed' ? null : publicStatus[state]
  return { id, status, requested: requestedAction(state), problem: null }
}

const oneTarget = () =>
  invalidRequest(
    '',
    'invalid',
    'the body needs either ids, a list of jobs, or selection, the conditions on jobs, and not both',
  )
