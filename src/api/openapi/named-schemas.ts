import { type TSchema, Type } from 'typebox'
import { Augmentation, ColorJitter } from '../../spec/augmentation.js'
import { PredictionOrigin, PredictionPlan, PredictRequest } from '../../spec/batch-prediction.js'
import { BoostingOptions } from '../../spec/boosting-options.js'
import { BoostingEarlyStopping, BoostingTrainingOptions } from '../../spec/boosting-training.js'
import {
  ChangeEvent,
  DatasetChange,
  JobChange,
  ModelAliasChange,
  ModelChange,
  ProgressChange,
  StreamChange,
  WeightsChange,
} from '../../spec/changes.js'
import { RemovedCheckpoints, StoredFile } from '../../spec/checkpoint.js'
import { ClassWeights } from '../../spec/class-weights.js'
import { DamagedItemSchema } from '../../spec/damaged-items.js'
import {
  CategoryColumn,
  CellFormat,
  ImageSplit,
  ImagesManifest,
  NumericColumn,
  Shard,
  TableColumn,
  TableManifest,
  TableSplit,
  TextColumn,
} from '../../spec/dataset.js'
import { ImportProgress, ImportStatus } from '../../spec/dataset-import.js'
import {
  BooleanHistogram,
  CategoryHistogram,
  ContactSheetCell,
  ImageSample,
  ImageSamplePage,
  NumericHistogram,
  RowSample,
  RowSamplePage,
  TextHistogram,
} from '../../spec/dataset-preview.js'
import { DatasetRequest, DatasetSource, datasetSources } from '../../spec/dataset-request.js'
import { DatasetStep, Derivation, DeriveRequest, datasetSteps } from '../../spec/dataset-steps.js'
import { DatasetNaming, DatasetVersion } from '../../spec/dataset-versions.js'
import {
  ClassEvaluation,
  Evaluation,
  PrecisionRecallPoint,
  RocPoint,
} from '../../spec/evaluation.js'
import { ClassRecord, NumberRecord } from '../../spec/evaluation-records.js'
import { FeatureColumn } from '../../spec/feature-column.js'
import {
  InferBatchStatistics,
  InferInput,
  InferModelStatistics,
  InferOutput,
  InferRequestBody,
  InferRequestParameters,
  InferTally,
  RepositoryIndexRequest,
  RepositoryLoadRequest,
  RepositoryModel,
  RequestedInferOutput,
  TensorMetadata,
} from '../../spec/inference-protocol.js'
import { InitFrom, InitReport, InitSource } from '../../spec/init-from.js'
import {
  BoostingJobRequest,
  Failure,
  Job,
  JobRequest,
  JobStatus,
  ModelRef,
  NetworkJobRequest,
  Phase,
  PredictionJobRequest,
  Transition,
} from '../../spec/job.js'
import { JobsAction } from '../../spec/job-actions.js'
import { LogLine } from '../../spec/job-log.js'
import { CancelledJobs, JobSelection } from '../../spec/job-queries.js'
import { Labels } from '../../spec/labels.js'
import { LearningRate, schedules } from '../../spec/learning-rate.js'
import { MemoryEstimate } from '../../spec/memory-estimate.js'
import { MetricPoint, MetricValue } from '../../spec/metrics.js'
import {
  BoostingModelView,
  ColumnImportance,
  ImagePreprocessing,
  NetworkModelView,
  RemovedVersions,
  Serving,
} from '../../spec/model.js'
import {
  AliasChange,
  AliasRequest,
  CheckedCondition,
  RollbackRequest,
} from '../../spec/model-alias.js'
import { AnnotationPatch, AnnotationRecord, TagChanges, Tags } from '../../spec/model-annotation.js'
import { BoostingContract, NetworkContract, TensorContract } from '../../spec/model-contract.js'
import { NetworkRequest, ResNetOptions, VggOptions } from '../../spec/model-options.js'
import { PromotionRequest } from '../../spec/model-promotion.js'
import { ShadowShare, TrafficRequest, TrafficShare } from '../../spec/model-traffic.js'
import {
  DriftBin,
  DriftPart,
  FeatureDrift,
  RequestSample,
  SampledInput,
  SampleSettings,
  WatchRequest,
} from '../../spec/model-watch.js'
import {
  Normalization,
  RequestedNormalization,
  WeightsNormalization,
} from '../../spec/normalization.js'
import { Note } from '../../spec/note.js'
import { OptimizerOptions, optimizers } from '../../spec/optimizer-options.js'
import { page } from '../../spec/paging.js'
import { MeasuredImages, PrecisionAccuracy, PrecisionCard } from '../../spec/precision-card.js'
import { FieldError } from '../../spec/problem.js'
import { RequestedPrecision, ServingOptions } from '../../spec/serving-options.js'
import { Session, SignIn } from '../../spec/session.js'
import {
  ChangeStreamEvent,
  ImportEvent,
  JobEvent,
  LogEvent,
  MetricsEvent,
  MetricsRow,
  ProgressEvent,
  ProgressUpdate,
} from '../../spec/stream-events.js'
import { StreamTicket, StreamTicketRequest } from '../../spec/stream-ticket.js'
import {
  TfExamplesRequest,
  TfModelList,
  TfPredictRequest,
  TfVersionStatus,
} from '../../spec/tf-serving-protocol.js'
import {
  ClipGradients,
  EarlyStopping,
  Ema,
  KeepBest,
  Precision,
  TrainingOptions,
} from '../../spec/training-options.js'
import { ImageValidation, TableValidation } from '../../spec/validation-split.js'
import { DeliveryAttempt, WebhookEvent, WebhookRequest } from '../../spec/webhook.js'
import { WeightsTensor } from '../../spec/weights.js'
import {
  BoostingModelFields,
  DatasetFieldsResponse,
  DatasetResponse,
  DeliveryResponse,
  ImageDatasetFields,
  ImportResponse,
  JobFieldsResponse,
  JobResponse,
  ModelFieldsResponse,
  ModelResponse,
  NetworkModelFields,
  TableDatasetFields,
  WebhookResponse,
  WeightsFieldsResponse,
  WeightsSummaryResponse,
} from '../schemas.js'
import { jobSchemas } from './job-schemas.js'
import { predictionSchemas } from './prediction-schemas.js'
import { Boosting, ModelOptions, ResNet, ResolvedNetwork, Vgg } from './resolved-models.js'
import { serverSchemas } from './server-schemas.js'

/**
 * The names that parts of requests and answers have in the OpenAPI document, beside those of
 * `responseSchemas`. Generators of clients name types by them, so a name must not change.
 */
export const namedSchemas: Record<string, TSchema> = {
  // requests
  JobRequest,
  NetworkJobRequest,
  BoostingJobRequest,
  PredictionJobRequest,
  PredictRequest,
  NetworkOptions: NetworkRequest,
  ResNetOptions,
  VggOptions,
  BoostingOptions,
  TrainingOptions,
  BoostingTrainingOptions,
  ServingOptions,
  ServedPrecision: RequestedPrecision,
  Optimizer: OptimizerOptions,
  Sgd: optimizers.sgd,
  Adam: optimizers.adam,
  AdamW: optimizers.adamw,
  RmsProp: optimizers.rmsprop,
  LearningRate,
  LearningRateSchedule: Type.Union(Object.values(schedules)),
  ConstantRate: schedules.constant,
  StepDecay: schedules.step,
  ExponentialDecay: schedules.exponential,
  CosineDecay: schedules.cosine,
  OneCycle: schedules.oneCycle,
  Augmentation,
  ColorJitter,
  ClassWeights,
  ClipGradients,
  EarlyStopping,
  BoostingEarlyStopping,
  KeepBest,
  WeightsAverage: Ema,
  Precision,
  ImageValidation,
  TableValidation,
  InitFrom,
  RequestedNormalization,
  Labels,
  JobSelection,
  JobsAction,
  WebhookRequest,
  DatasetRequest,
  DatasetSource,
  UploadSource: datasetSources.upload,
  FolderSource: datasetSources.folder,
  UrlSource: datasetSources.url,
  S3Source: datasetSources.s3,

  // jobs
  ModelOptions,
  ResolvedNetwork,
  ResNet,
  Vgg,
  Boosting,
  JobStatus,
  JobPhase: Phase,
  JobFailure: Failure,
  JobTransition: Transition,
  JobPage: page(Type.Union([JobResponse, JobFieldsResponse])),
  DatasetRef: Job.properties.dataset,
  ModelRef,
  InitSource,
  InitReport,
  Normalization,
  MemoryEstimate,
  Note,
  CancelledJobs,
  ...jobSchemas,
  MetricValue,
  MetricPoint,
  MetricsRow,
  JobProgress: Job.properties.progress,
  ProgressUpdate,
  QueuePlace: Job.properties.queue.anyOf[0],
  JobResult: Job.properties.result.anyOf[0],
  LogLine,
  ...serverSchemas,
  StoredFile,
  DamagedItem: DamagedItemSchema,
  JobEvent,
  ProgressEvent,
  MetricsEvent,
  LogEvent,
  ChangeStreamEvent,
  ChangeEvent,
  JobChange,
  ProgressChange,
  DatasetChange,
  ModelChange,
  ModelAliasChange,
  WeightsChange,
  StreamChange,
  RemovedCheckpoints,
  Evaluation,
  PrecisionCard,
  PrecisionAccuracy,
  MeasuredImages,
  ClassEvaluation,
  RocPoint,
  PrecisionRecallPoint,
  ClassRecord,
  NumberRecord,

  // data sets, models and weights
  ImportPage: page(ImportResponse),
  ImportStatus,
  ImportProgress,
  ImportEvent,
  DatasetPage: page(Type.Union([DatasetResponse, DatasetFieldsResponse])),
  ImageDataset: ImagesManifest,
  TableDataset: TableManifest,
  ImageDatasetFields,
  TableDatasetFields,
  NetworkModelFields,
  BoostingModelFields,
  TableColumn,
  NumericColumn,
  CategoryColumn,
  TextColumn,
  CellFormat,
  ImageSplit,
  TableSplit,
  Shard,
  ImageSamplePage,
  ImageSample,
  RowSamplePage,
  RowSample,
  ContactSheetCell,
  NumericHistogram,
  BooleanHistogram,
  CategoryHistogram,
  TextHistogram,
  DeriveRequest,
  DatasetStep,
  FilterStep: datasetSteps.filter,
  SampleStep: datasetSteps.sample,
  SplitStep: datasetSteps.split,
  RelabelStep: datasetSteps.relabel,
  LabelStep: datasetSteps.label,
  DropDuplicatesStep: datasetSteps.dropDuplicates,
  SelectStep: datasetSteps.select,
  DropStep: datasetSteps.drop,
  RenameStep: datasetSteps.rename,
  CastStep: datasetSteps.cast,
  JoinStep: datasetSteps.join,
  Derivation,
  PredictionOrigin,
  PredictionPlan,
  DatasetVersion,
  DatasetNaming,
  ModelPage: page(Type.Union([ModelResponse, ModelFieldsResponse])),
  NetworkModel: NetworkModelView,
  Serving,
  BoostingModel: BoostingModelView,
  AliasRequest,
  AliasChange,
  CheckedCondition,
  RollbackRequest,
  PromotionRequest,
  AnnotationPatch,
  AnnotationRecord,
  Tags,
  TagChanges,
  TrafficRequest,
  TrafficShare,
  WatchRequest,
  SampleSettings,
  DriftPart,
  FeatureDrift,
  DriftBin,
  RequestSample,
  SampledInput,
  ShadowShare,
  FeatureColumn,
  ColumnImportance,
  RemovedVersions,
  Session,
  SignIn,
  StreamTicket,
  StreamTicketRequest,
  ...predictionSchemas,
  NetworkContract,
  BoostingContract,
  TensorContract,
  ImagePreprocessing,
  WeightsPage: page(Type.Union([WeightsSummaryResponse, WeightsFieldsResponse])),
  WeightsTensor,
  WeightsNormalization,

  // protocols of other servers
  InferRequest: InferRequestBody,
  InferInput,
  RequestedInferOutput,
  InferRequestParameters,
  InferOutput,
  TensorMetadata,
  InferTally,
  InferBatchStatistics,
  InferModelStatistics,
  RepositoryIndexRequest,
  RepositoryLoadRequest,
  RepositoryModel,
  TfPredictRequest,
  TfExamplesRequest,
  TfVersionStatus,
  TfModelList,

  // webhooks and errors
  WebhookPage: page(WebhookResponse),
  WebhookEvent,
  DeliveryPage: page(DeliveryResponse),
  DeliveryAttempt,
  FieldError,
}
