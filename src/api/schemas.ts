import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import { ChangesPage } from '../spec/changes.js'
import { Checkpoint } from '../spec/checkpoint.js'
import { DatasetManifest, ImagesManifest, TableManifest } from '../spec/dataset.js'
import { DatasetImport } from '../spec/dataset-import.js'
import {
  ColumnHistogram,
  ContactSheet,
  HistogramPage,
  SamplePage,
} from '../spec/dataset-preview.js'
import { DatasetDiff, DatasetVersions } from '../spec/dataset-versions.js'
import { EvaluationRecordPage } from '../spec/evaluation-records.js'
import { ImageExplanations, RowExplanations } from '../spec/explanation.js'
import {
  InferAnswer,
  InferModelConfig,
  InferModelMetadata,
  InferServerMetadata,
  InferStatistics,
  ProtocolError,
} from '../spec/inference-protocol.js'
import { Job } from '../spec/job.js'
import { LogPage } from '../spec/job-log.js'
import { JobPlan } from '../spec/job-queries.js'
import { JobResources } from '../spec/job-resources.js'
import { MetricsPage } from '../spec/metrics.js'
import {
  BoostingModelView,
  ModelView,
  NetworkModelView,
  Predictions,
  RowPredictions,
} from '../spec/model.js'
import { AliasHistory, ModelAlias } from '../spec/model-alias.js'
import { AnnotationHistory } from '../spec/model-annotation.js'
import { ModelContract } from '../spec/model-contract.js'
import { Promotion } from '../spec/model-promotion.js'
import { Traffic } from '../spec/model-traffic.js'
import { DriftReport, RequestSamplePage, Watch } from '../spec/model-watch.js'
import { Problem } from '../spec/problem.js'
import { Readiness } from '../spec/readiness.js'
import { JobPredictions, SelectedPredictions } from '../spec/selected-predictions.js'
import { ServerInfo } from '../spec/server-info.js'
import {
  TfClassifications,
  TfModelMetadata,
  TfModelStatus,
  TfPredictions,
  TfRegressions,
} from '../spec/tf-serving-protocol.js'
import { CreatedWebhook, Delivery, Webhook } from '../spec/webhook.js'
import { WeightsManifest, WeightsSummary } from '../spec/weights.js'
import { Worker, type WorkerList } from '../spec/worker.js'

/** Items of lists with the parameter `fields`: no field is required. */
const partial = <T extends TProperties>({ properties }: TObject<T>, divided: TProperties = {}) =>
  Type.Partial(Type.Object({ ...properties, ...divided }))

export const ImageDatasetFields = partial(ImagesManifest)
export const TableDatasetFields = partial(TableManifest)
export const NetworkModelFields = partial(NetworkModelView)
export const BoostingModelFields = partial(BoostingModelView)

/** Answers of the protocols of other servers. */
const protocolSchemas: Record<string, { description: string; schema: TSchema }> = {
  InferAnswer: { description: 'outputs as named tensors', schema: InferAnswer },
  InferServerMetadata: { description: 'a server', schema: InferServerMetadata },
  InferModelMetadata: { description: 'inputs and outputs', schema: InferModelMetadata },
  InferModelConfig: { description: 'a configuration', schema: InferModelConfig },
  InferStatistics: { description: 'counts and times', schema: InferStatistics },
  TfPredictions: { description: 'predictions', schema: TfPredictions },
  TfClassifications: { description: 'labels with probabilities', schema: TfClassifications },
  TfRegressions: { description: 'numbers', schema: TfRegressions },
  TfModelStatus: { description: 'versions', schema: TfModelStatus },
  TfModelMetadata: { description: 'signatures', schema: TfModelMetadata },
  ProtocolError: { description: 'an error', schema: ProtocolError },
}

/** Response schemas, with their names and descriptions in the OpenAPI document. */
export const responseSchemas: TSchema[] = [
  { ...ChangesPage, $id: 'ChangesPage', description: 'some changes' },
  { ...Checkpoint, $id: 'Checkpoint', description: 'a checkpoint' },
  { ...DatasetManifest, $id: 'Dataset', description: 'a data set' },
  { ...SamplePage, $id: 'SamplePage', description: 'images or rows of a data set' },
  { ...ContactSheet, $id: 'ContactSheet', description: 'which images a contact sheet shows' },
  {
    ...ColumnHistogram,
    $id: 'ColumnHistogram',
    description: 'how the values of a column are spread',
  },
  { ...HistogramPage, $id: 'HistogramPage', description: 'how the values of columns are spread' },
  { ...DatasetImport, $id: 'DatasetImport', description: 'the making of a data set' },
  { ...DatasetDiff, $id: 'DatasetDiff', description: 'what differs between two data sets' },
  { ...DatasetVersions, $id: 'DatasetVersions', description: 'the versions of a name' },
  { ...Job, $id: 'Job', description: 'a job that trains or predicts' },
  {
    ...partial(Job, { progress: Type.Partial(Job.properties.progress) }),
    $id: 'JobFields',
    description: 'what `fields` asks for of a job',
  },
  {
    ...Type.Union([ImageDatasetFields, TableDatasetFields]),
    $id: 'DatasetFields',
    description: 'what `fields` asks for of a data set',
  },
  {
    ...Type.Union([NetworkModelFields, BoostingModelFields]),
    $id: 'ModelFields',
    description: 'what `fields` asks for of a model',
  },
  {
    ...partial(WeightsSummary),
    $id: 'WeightsFields',
    description: 'what `fields` asks for of an uploaded TensorFlow checkpoint',
  },
  {
    ...EvaluationRecordPage,
    $id: 'EvaluationRecordPage',
    description: 'what a model predicted for validation records',
  },
  { ...LogPage, $id: 'LogPage', description: 'a page of log lines' },
  { ...JobPlan, $id: 'JobPlan', description: 'the result of a dry run' },
  {
    ...JobResources,
    $id: 'JobResources',
    description: 'what the trainers of a job used, over time',
  },
  { ...MetricsPage, $id: 'MetricsPage', description: 'a page of metrics' },
  { ...ModelView, $id: 'Model', description: 'one version of a model' },
  { ...ModelAlias, $id: 'ModelAlias', description: 'an alias, and the version that it names' },
  { ...AliasHistory, $id: 'AliasHistory', description: 'changes of an alias' },
  { ...AnnotationHistory, $id: 'AnnotationHistory', description: 'changes of a version' },
  { ...Promotion, $id: 'Promotion', description: 'an alias that was moved, and why it could be' },
  { ...Traffic, $id: 'Traffic', description: 'how requests are spread over versions' },
  { ...Watch, $id: 'Watch', description: 'which requests of a model are kept' },
  {
    ...DriftReport,
    $id: 'DriftReport',
    description: 'what a version predicts from and answers, beside its training',
  },
  { ...RequestSamplePage, $id: 'RequestSamplePage', description: 'requests that were kept' },
  { ...Predictions, $id: 'Predictions', description: 'one prediction for each image' },
  {
    ...SelectedPredictions,
    $id: 'SelectedPredictions',
    description: 'what `topK` and `outputs` ask for, of each image or row',
  },
  { ...ModelContract, $id: 'ModelContract', description: 'what a version takes and answers' },
  { ...Webhook, $id: 'Webhook', description: 'a webhook' },
  { ...CreatedWebhook, $id: 'CreatedWebhook', description: 'a webhook and its secret' },
  { ...Delivery, $id: 'Delivery', description: 'a message and the attempts to deliver it' },
  {
    ...JobPredictions,
    $id: 'JobPredictions',
    description: 'one prediction for each image or row, by a checkpoint of a job',
  },
  { ...RowPredictions, $id: 'RowPredictions', description: 'one prediction for each row' },
  {
    ...ImageExplanations,
    $id: 'ImageExplanations',
    description: 'what in each image speaks for a class',
  },
  {
    ...RowExplanations,
    $id: 'RowExplanations',
    description: 'how much each column contributes to the prediction of each row',
  },
  { ...WeightsManifest, $id: 'Weights', description: 'an uploaded TensorFlow checkpoint' },
  {
    ...WeightsSummary,
    $id: 'WeightsSummary',
    description: 'an uploaded TensorFlow checkpoint, with the number of its tensors',
  },
  { ...Worker, $id: 'Worker', description: 'a worker as it reports itself' },
  {
    ...Type.Object({ items: Type.Array(Type.Unsafe<Worker>({ $ref: 'Worker#' })) }),
    $id: 'WorkerList',
    description: 'the workers that are alive, by host',
  },
  { ...ServerInfo, $id: 'ServerInfo', description: 'the server, part by part' },
  {
    ...Readiness,
    $id: 'Readiness',
    description: 'Redis and the predictor answer, and the disk takes writes',
  },
  { ...Problem, description: 'an error' },
  ...Object.entries(protocolSchemas).map(([name, { description, schema }]) => {
    return { ...schema, $id: name, description }
  }),
]

const ref = <T>(name: string) => Type.Unsafe<T>({ $ref: `${name}#` })

export const ChangesPageResponse = ref<ChangesPage>('ChangesPage')
export const CheckpointResponse = ref<Checkpoint>('Checkpoint')
export const DatasetResponse = ref<DatasetManifest>('Dataset')
export const SamplePageResponse = ref<SamplePage>('SamplePage')
export const ContactSheetResponse = ref<ContactSheet>('ContactSheet')
export const ColumnHistogramResponse = ref<ColumnHistogram>('ColumnHistogram')
export const HistogramPageResponse = ref<HistogramPage>('HistogramPage')
export const ImportResponse = ref<DatasetImport>('DatasetImport')
export const EvaluationRecordPageResponse = ref<EvaluationRecordPage>('EvaluationRecordPage')
export const DatasetDiffResponse = ref<DatasetDiff>('DatasetDiff')
export const DatasetVersionsResponse = ref<DatasetVersions>('DatasetVersions')
export const JobResponse = ref<Job>('Job')
export const JobFieldsResponse = ref<Partial<Job>>('JobFields')
export const DatasetFieldsResponse = ref<Partial<DatasetManifest>>('DatasetFields')
export const ModelFieldsResponse = ref<Partial<ModelView>>('ModelFields')
export const WeightsFieldsResponse = ref<Partial<WeightsSummary>>('WeightsFields')
export const LogResponse = ref<LogPage>('LogPage')
export const JobPlanResponse = ref<JobPlan>('JobPlan')
export const JobResourcesResponse = ref<JobResources>('JobResources')
export const MetricsResponse = ref<MetricsPage>('MetricsPage')
export const ModelResponse = ref<ModelView>('Model')
export const ModelAliasResponse = ref<ModelAlias>('ModelAlias')
export const AliasHistoryResponse = ref<AliasHistory>('AliasHistory')
export const AnnotationHistoryResponse = ref<AnnotationHistory>('AnnotationHistory')
export const PromotionResponse = ref<Promotion>('Promotion')
export const TrafficResponse = ref<Traffic>('Traffic')
export const WatchResponse = ref<Watch>('Watch')
export const DriftReportResponse = ref<DriftReport>('DriftReport')
export const RequestSamplePageResponse = ref<RequestSamplePage>('RequestSamplePage')
export const PredictionsResponse = ref<Predictions>('Predictions')
export const SelectedPredictionsResponse = ref<SelectedPredictions>('SelectedPredictions')
export const ModelContractResponse = ref<ModelContract>('ModelContract')
export const WebhookResponse = ref<Webhook>('Webhook')
export const CreatedWebhookResponse = ref<CreatedWebhook>('CreatedWebhook')
export const DeliveryResponse = ref<Delivery>('Delivery')
export const JobPredictionsResponse = ref<JobPredictions>('JobPredictions')
export const RowPredictionsResponse = ref<RowPredictions>('RowPredictions')
export const ImageExplanationsResponse = ref<ImageExplanations>('ImageExplanations')
export const RowExplanationsResponse = ref<RowExplanations>('RowExplanations')
export const WeightsResponse = ref<WeightsManifest>('Weights')
export const WeightsSummaryResponse = ref<WeightsSummary>('WeightsSummary')
export const WorkerResponse = ref<Worker>('Worker')
export const WorkerListResponse = ref<WorkerList>('WorkerList')
export const ServerInfoResponse = ref<ServerInfo>('ServerInfo')
export const ReadinessResponse = ref<Readiness>('Readiness')
export const ProblemResponse = ref<Problem>('Problem')

const answer = <T extends TSchema>(name: string, _schema: T) => ref<Static<T>>(name)
export const InferAnswerResponse = answer('InferAnswer', InferAnswer)
export const InferServerMetadataResponse = answer('InferServerMetadata', InferServerMetadata)
export const InferModelMetadataResponse = answer('InferModelMetadata', InferModelMetadata)
export const InferModelConfigResponse = answer('InferModelConfig', InferModelConfig)
export const InferStatisticsResponse = answer('InferStatistics', InferStatistics)
export const TfPredictionsResponse = answer('TfPredictions', TfPredictions)
export const TfClassificationsResponse = answer('TfClassifications', TfClassifications)
export const TfRegressionsResponse = answer('TfRegressions', TfRegressions)
export const TfModelStatusResponse = answer('TfModelStatus', TfModelStatus)
export const TfModelMetadataResponse = answer('TfModelMetadata', TfModelMetadata)
export const ProtocolErrorResponse = answer('ProtocolError', ProtocolError)

/** Any text, so that a text that is not an id is answered like an unknown job. */
export const JobParam = Type.String({ maxLength: 64, description: 'the id of a job' })

export const NoContent = Type.Null({ description: 'done' })

/** The schema of each event: OpenAPI 3.1 has none for a stream, and 3.2 has this one as `itemSchema`. */
export const eventStream = (...events: TSchema[]) =>
  Type.Unsafe<unknown>(events.length === 1 ? events[0]! : Type.Union(events))

/** `format` is of OpenAPI 3.0: Swagger UI and generators of clients know a file by it. */
export const Binary = Type.Unsafe<Buffer>({
  type: 'string',
  format: 'binary',
  contentMediaType: 'application/octet-stream',
})

export const tarResponse = (description: string) =>
  Type.Unsafe<unknown>({ description, content: { 'application/x-tar': { schema: Binary } } })
