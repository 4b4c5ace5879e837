import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { quoteTruncated, TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import type { ModelRegistry } from '../../models/registry.js'
import type { SelectedRecords } from '../../predictions/evaluation-file.js'
import {
  type ClassRecord,
  type EvaluationRecordPage,
  EvaluationRecordQuery,
  evaluationRecordsFile,
  type NumberRecord,
} from '../../spec/evaluation-records.js'
import type { Job } from '../../spec/job.js'
import type { Model } from '../../spec/model.js'
import { listNames } from '../../spec/notes.js'
import { invalidQuery } from '../http/http-error.js'
import { recordCursor, recordIndex } from '../http/record-cursor.js'
import type { PredictionThread } from '../predict/prediction-thread.js'
import { EvaluationRecordPageResponse, JobParam } from '../schemas.js'

/** Labels that an error lists. */
const maxListed = 50

export interface EvaluationRecordRoutesDeps {
  jobs: Pick<Jobs, 'get'>
  models: Pick<ModelRegistry, 'get' | 'files' | 'assertIntact'>
  predictionThread: Pick<PredictionThread, 'selectRecords'>
}

export const evaluationRecordRoutes: FastifyPluginAsyncTypebox<EvaluationRecordRoutesDeps> = async (
  app,
  { jobs, models, predictionThread },
) => {
  app.get(
    '/jobs/:id/evaluation/records',
    {
      schema: {
        tags: ['jobs'],
        operationId: 'listEvaluationRecords',
        summary: 'List what a job’s model predicted for its validation records',
        description:
          'The records behind the `evaluation` of the model, the worst ones first: of a classifier, those that are wrong with the highest probability; otherwise those with the largest residual. `label` and `predicted` together select a cell of the confusion matrix. The answer is a page; `nextCursor` leads to the next one.',
        params: Type.Object({ id: JobParam }),
        querystring: EvaluationRecordQuery,
        problems: [
          ...(['JOB_NOT_FOUND', 'MODEL_NOT_FOUND', 'EVALUATION_RECORDS_NOT_FOUND'] as const),
          ...(['INVALID_CURSOR', 'INVALID_QUERY'] as const),
          ...(['PREDICTOR_BUSY', 'PREDICTOR_RESTARTED'] as const),
        ],
        response: { 200: EvaluationRecordPageResponse },
      },
    },
    async request => {
      const { id } = request.params
      const { label, predicted, cursor, limit } = request.query
      const job = await jobs.get(id)
      const published = job.predict === null ? job.result?.model : undefined
      if (!published) throw notFound(withoutModel(job))
      const model = await models.get(published.id, published.version)
      const { folder, names } = await models.files(model)
      if (!names.includes(evaluationRecordsFile)) throw notFound(withoutFile(job, model))
      const selection = {
        label: classNumber('label', label, model),
        predicted: classNumber('predicted', predicted, model),
        from: recordIndex(cursor, id),
        limit,
      }
      await models.assertIntact(model)
      const path = join(folder, evaluationRecordsFile)
      return pageOf(id, model, await predictionThread.selectRecords(path, selection))
    },
  )
}

const notFound = (message: string) => new TrainyardError('EVALUATION_RECORDS_NOT_FOUND', message)

function withoutModel({ id, predict, status }: Job): string {
  return predict === null
    ? `job ${id} is ${status} and has published no model: its evaluation comes with the model`
    : `job ${id} predicts, and only jobs that train have validation records`
}

function withoutFile({ training }: Job, { id, version, ...model }: Model): string {
  const named = `version ${version} of model '${id}'`
  if ('objective' in model.model && model.model.objective === 'ranking')
    return `${named} ranks, and its scores have no right values to compare with`
  const { validation } = training
  const heldOut =
    'holdOut' in validation
      ? validation.holdOut
      : 'fraction' in validation
        ? validation.fraction
        : 1
  return heldOut === 0
    ? `${named} was trained without validation records`
    : `${named} has no predictions of its validation records: it was trained by an older version of the server; train it again`
}

function classNumber(
  parameter: 'label' | 'predicted',
  name: string | undefined,
  model: Model,
): number | null {
  if (name === undefined) return null
  const labels = labelsOf(model)
  if (labels.length === 0) {
    const message = `'${model.id}' predicts numbers and has no classes`
    throw invalidQuery(parameter, message, 'leave it out')
  }
  const number = labels.indexOf(name)
  if (number >= 0) return number
  const message = `'${model.id}' has no class ${quoteTruncated(name)}`
  throw invalidQuery(parameter, message, `expected ${listNames(labels, maxListed)}`)
}

const labelsOf = (model: Model): readonly string[] => model.labels ?? []

function pageOf(
  job: string,
  model: Model,
  { head, records, kept, total, next }: SelectedRecords,
): EvaluationRecordPage {
  const labels = labelsOf(model)
  const items =
    records.kind === 'classes'
      ? Array.from(
          records.index,
          (index, i): ClassRecord => ({
            index,
            label: labels[records.label[i]!]!,
            predicted: labels[records.predicted[i]!]!,
            probability: records.probability[i]!,
            labelProbability: records.labelProbability[i]!,
          }),
        )
      : Array.from(records.index, (index, i): NumberRecord => {
          const [target, predicted] = [records.target[i]!, records.predicted[i]!]
          const isNumber = Number.isFinite(predicted)
          return {
            index,
            target,
            predicted: isNumber ? predicted : null,
            residual: isNumber ? target - predicted : null,
          }
        })
  return {
    model: model.id,
    version: model.version,
    step: model.step,
    dataset: head.dataset,
    kind: head.kind,
    items,
    total,
    evaluated: head.evaluated,
    leftOut: head.evaluated - kept,
    nextCursor: next === null ? null : recordCursor(job, next),
  }
}
