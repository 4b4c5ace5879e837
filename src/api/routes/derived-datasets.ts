import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Datasets } from '../../datasets/datasets.js'
import type { Imports } from '../../datasets/imports/imports.js'
import { DeriveRequest } from '../../spec/dataset-steps.js'
import { DatasetNaming } from '../../spec/dataset-versions.js'
import { Name } from '../../spec/identifiers.js'
import type { LongPolls } from '../http/long-polls.js'
import { deriveExamples, namingExamples } from '../openapi/dataset-examples.js'
import { DatasetDiffResponse, DatasetResponse, DatasetVersionsResponse } from '../schemas.js'
import { answerMaking, madeAnswers, WaitQuery } from './making-answer.js'

export interface DerivedDatasetRoutesDeps {
  datasets: Pick<Datasets, 'planDerivation' | 'derive' | 'diff' | 'setName' | 'versions'>
  imports: Pick<Imports, 'begin' | 'record'>
  longPolls: LongPolls
}

/** Apart from the other routes of data sets, whose bodies are forms. */
export const derivedDatasetRoutes: FastifyPluginAsyncTypebox<DerivedDatasetRoutesDeps> = async (
  app,
  deps,
) => {
  const { datasets, imports } = deps
  const tags = ['datasets']
  const params = Type.Object({ id: Name })

  app.post(
    '/datasets/:id/derive',
    {
      schema: {
        tags,
        operationId: 'deriveDataset',
        summary: 'Derive a data set from another one',
        description:
          'Does the steps one after the other, and stores the result as a data set of its own, which says in `derivedFrom` what it was made of. `notes` say how many records each step leaves out. If the same data set exists already, the answer is 200. The source may be deleted later. ' +
          'If it takes longer than `wait` seconds, or at once with `Prefer: respond-async`, the answer is 202 with the import, which says how far it is and can be cancelled.',
        params,
        querystring: WaitQuery,
        body: DeriveRequest,
        problems: [
          'DATASET_NOT_FOUND',
          'INVALID_STEPS',
          'DATASET_VALUE',
          'DATASET_TOO_LARGE',
          'UPLOAD_BUSY',
          'UPLOAD_INTERRUPTED',
          'IMPORT_CANCELLED',
          'IMPORT_INTERRUPTED',
        ],
        requestExamples: deriveExamples,
        ...madeAnswers,
      },
    },
    (request, reply) =>
      answerMaking(deps, request, reply, async () => {
        const { name = null, steps } = request.body
        const plan = await datasets.planDerivation(request.params.id, steps)
        const { id } = plan.source.manifest
        const about = { status: 'waiting' as const, source: [`/datasets/${id}`], name }
        return imports.begin(about, ({ control }) => datasets.derive(plan, name, control))
      }),
  )

  app.get(
    '/datasets/:id/versions',
    {
      schema: {
        tags,
        operationId: 'listDatasetVersions',
        summary: 'List the versions of a name',
        description: 'The data sets that have had the name. `id` is a name here.',
        params,
        problems: ['DATASET_NOT_FOUND'],
        response: { 200: DatasetVersionsResponse },
      },
    },
    async (request, reply) => reply.send(await datasets.versions(request.params.id)),
  )

  app.put(
    '/datasets/names/:name',
    {
      schema: {
        tags,
        operationId: 'nameDataset',
        summary: 'Give a name to a data set, such as an earlier version',
        description:
          'The name may be new. Jobs that have been submitted keep their data set; the history of the name keeps the others.',
        params: Type.Object({ name: Name }),
        body: DatasetNaming,
        problems: ['DATASET_NOT_FOUND', 'DATASET_NAME'],
        requestExamples: namingExamples,
        response: { 200: DatasetResponse },
      },
    },
    async (request, reply) =>
      reply.send(await datasets.setName(request.params.name, request.body.dataset)),
  )

  app.get(
    '/datasets/:id/diff/:other',
    {
      schema: {
        tags,
        operationId: 'diffDatasets',
        summary: 'Compare two data sets',
        description:
          'Says what the second data set has and the first has not, and the other way round: classes or columns, counts and ranges, and how many images or rows they share.',
        params: Type.Object({ id: Name, other: Name }),
        problems: [
          'DATASET_NOT_FOUND',
          'DATASET_KIND',
          'UPLOAD_BUSY',
          'UPLOAD_INTERRUPTED',
          'DATASET_TOO_LARGE',
        ],
        response: { 200: DatasetDiffResponse },
      },
    },
    async (request, reply) =>
      reply.send(await datasets.diff(request.params.id, request.params.other)),
  )
}
