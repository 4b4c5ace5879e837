"""Types of the requests and answers of the server.

Written by scripts/generate_types.py from the OpenAPI document: do not edit. They are plain dicts when a program
runs. Answers of a newer server may have more fields than these types.
"""

# ruff: noqa: D400, D415, E501
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Literal, TypedDict, Union

if TYPE_CHECKING:
    # type checkers know it, and it need not be installed
    from typing_extensions import NotRequired


class Adam(TypedDict):
    kind: Literal['adam']
    beta1: NotRequired[float]
    """decay of the running mean of the gradient (default: 0.9)"""
    beta2: NotRequired[float]
    """decay of the running mean of the squared gradient (default: 0.999)"""
    epsilon: NotRequired[float]
    """avoids a division by 0 (default: 1e-7)"""
    weightDecay: NotRequired[float]
    """L2 penalty: each weight, times this, is added to its gradient; not for batch norm and biases (default: 0)"""


class AdamW(TypedDict):
    kind: Literal['adamw']
    beta1: NotRequired[float]
    """decay of the running mean of the gradient (default: 0.9)"""
    beta2: NotRequired[float]
    """decay of the running mean of the squared gradient (default: 0.999)"""
    epsilon: NotRequired[float]
    """avoids a division by 0 (default: 1e-7)"""
    weightDecay: NotRequired[float]
    """each step subtracts each weight, times this and the learning rate; not for batch norm and biases (default: 0.01)"""


AliasChange = TypedDict(
    'AliasChange',
    {
        'alias': 'str',
        'change': "Literal['moved', 'promoted', 'rolledBack', 'deleted']",
        'from': 'Union[int, None]',
        'to': 'Union[int, None]',
        'conditions': 'NotRequired[List[CheckedCondition]]',
        'at': 'str',
        'by': 'str',
        'reason': 'Union[str, None]',
    },
)


class AliasHistory(TypedDict):
    """changes of an alias"""

    items: List[AliasChange]
    """newest first"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class AliasRequest(TypedDict):
    version: int
    ifVersion: NotRequired[Union[int, None]]
    """move the alias only if it names this version now; null: only if it does not exist. Otherwise the answer is 409"""
    reason: NotRequired[str]
    """why, for the history"""


class AnnotationHistory(TypedDict):
    """changes of a version"""

    items: List[AnnotationRecord]
    """newest first; each has all that held then"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class AnnotationPatch(TypedDict):
    stage: NotRequired[Union[str, None]]
    """null removes it"""
    note: NotRequired[Union[str, None]]
    """null removes it"""
    tags: NotRequired[TagChanges]
    reason: NotRequired[str]
    """why, for the history"""


class AnnotationRecord(TypedDict):
    stage: Union[str, None]
    """how far the version is, in your words; null if nothing was said"""
    note: Union[str, None]
    """what is to be known of the version; null if nothing was said"""
    tags: Tags
    at: str
    by: str
    """the key of the request, by the first eight digits of its SHA-256, which the data folder's keys.json lists, such as key-1a2b3c4d"""
    reason: Union[str, None]


class Augmentation(TypedDict):
    """random changes of the training images"""

    flip: NotRequired[bool]
    """mirrors each image left to right with probability 0.5 (default: false)"""
    padCrop: NotRequired[int]
    """adds this many black pixels on each side, then crops a random window of the original size; 0: off (default: 0)"""
    randomResizedCrop: NotRequired[float]
    """crops a random window of at least this share of the area, stretched by up to 4:3, and resizes it to the full image; 1: off (default: 1)"""
    cutout: NotRequired[int]
    """side, in pixels, of a square at a random position that is filled with the mean color of the data set; 0: off (default: 0)"""
    colorJitter: NotRequired[ColorJitter]
    """default: {'brightness':0,'contrast':0,'saturation':0}"""
    mixup: NotRequired[float]
    """mixes pairs of images and their labels; their shares have a beta distribution with this alpha; 0: off (default: 0)"""


class BestMetric(TypedDict):
    value: float
    step: int
    """the first step at which it had the value"""


class BooleanHistogram(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['boolean']
    false: int
    true: int


# the options with all defaults filled in
Boosting = TypedDict(
    'Boosting',
    {
        'kind': "Literal['boosting']",
        'objective': "NotRequired[Literal['regression', 'binary', 'multiclass', 'ranking', 'quantile', 'absoluteError', 'huber', 'poisson', 'gamma', 'tweedie']]",
        'rounds': 'NotRequired[int]',
        'maxDepth': 'NotRequired[int]',
        'learningRate': 'NotRequired[float]',
        'subsample': 'NotRequired[float]',
        'columnSample': 'NotRequired[float]',
        'minChildWeight': 'NotRequired[float]',
        'lambda': 'NotRequired[float]',
        'alpha': 'NotRequired[float]',
        'gamma': 'NotRequired[float]',
        'maxBins': 'NotRequired[int]',
        'treeMethod': "NotRequired[Literal['hist', 'approx', 'exact']]",
        'quantile': 'List[float]',
        'huberSlope': 'NotRequired[float]',
        'tweedieVariancePower': 'NotRequired[float]',
        'baseScore': 'NotRequired[float]',
        'scalePosWeight': 'NotRequired[float]',
        'monotone': 'NotRequired[Dict[str, Literal[1, -1]]]',
        'categorical': 'NotRequired[List[str]]',
    },
)


class BoostingContract(TypedDict):
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    inputs: List[TensorContract]
    """what the model computes with, once a body is read"""
    outputs: List[TensorContract]
    labels: List[str]
    """class names, by index"""
    accepts: List[str]
    """media types of bodies"""
    answers: List[str]
    """media types of answers"""
    limits: BoostingContractLimits
    example: BoostingContractExample
    kind: Literal['rows']
    columns: List[FeatureColumn]
    """in the order of a row that is a list"""
    offset: Union[str, None]
    """the column that is added to the margin, after the others in a list; each row needs it"""
    target: str
    """the column that is predicted"""
    unusedColumns: List[str]
    """rows may have them, and they are passed over"""
    missing: BoostingContractMissing
    """what means a missing value in each format; and a category that training has not seen, unless a request says `error`"""
    cellFormat: Union[CellFormat, None]
    """how the cells of a CSV are written; null: as in most"""


class BoostingContractExample(TypedDict):
    contentType: str
    body: Any
    """a body that the model predicts from"""


class BoostingContractLimits(TypedDict):
    instances: int
    """images or rows in one request"""
    files: NotRequired[int]
    """image files in one request"""
    textBytes: int
    """bytes of a body of JSON or CSV"""
    binaryBytes: int
    """bytes of any other body"""


class BoostingContractMissing(TypedDict):
    """what means a missing value in each format; and a category that training has not seen, unless a request says `error`"""

    values: List[str]
    unknownCategory: Literal['missing']


class BoostingEarlyStopping(TypedDict):
    metric: NotRequired[Literal['validationRmse', 'validationMae', 'validationLogloss', 'validationAuc', 'validationError', 'validationMlogloss', 'validationMerror', 'validationNdcg', 'validationQuantile', 'validationPseudoHuber', 'validationPoissonNloglik', 'validationGammaNloglik', 'validationGammaDeviance', 'validationTweedieNloglik']]
    """one of the objective's metrics; if absent, its first"""
    patience: NotRequired[int]
    """evaluations without improvement before the job ends; there is one every logEvery rounds (default: 10)"""
    minDelta: NotRequired[float]
    """an improvement must be larger than this (default: 0)"""


class BoostingJobRequest(TypedDict):
    name: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    dataset: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    priority: NotRequired[int]
    """jobs with a higher priority start first; one point counts as much as ten minutes of waiting (default: 0)"""
    labels: NotRequired[Labels]
    resources: NotRequired[BoostingJobRequestResources]
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""
    model: BoostingOptions
    training: NotRequired[BoostingTrainingOptions]


class BoostingJobRequestResources(TypedDict):
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""

    gpus: NotRequired[int]
    """GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any"""
    memoryBytes: NotRequired[int]
    """memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts"""
    labels: NotRequired[List[str]]
    """labels that the worker must have, all of them"""
    workers: NotRequired[int]
    """processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1"""
    devices: NotRequired[int]
    """devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1"""


class BoostingModel(TypedDict):
    id: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    versions: List[int]
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    """counted from 1"""
    jobId: str
    createdAt: str
    dataset: DatasetRef
    step: int
    """step of the job that the model is from; for boosting, its rounds"""
    labels: List[str]
    """class names, by index"""
    metrics: Dict[str, MetricValue]
    """values at this step"""
    evaluation: NotRequired[Evaluation]
    model: Boosting
    """every option of the model, with defaults filled in"""
    target: str
    """the column that it predicts"""
    input: BoostingModelInput
    featureImportance: List[ColumnImportance]
    """sorted by gain, largest first"""
    aliases: List[str]
    """that name this version, sorted"""
    stage: Union[str, None]
    """how far the version is, in your words; null if nothing was said"""
    note: Union[str, None]
    """what is to be known of the version; null if nothing was said"""
    tags: Tags


class BoostingModelInput(TypedDict):
    columns: List[FeatureColumn]
    offset: NotRequired[str]
    """column that is added to the margin; each row needs it"""
    unusedColumns: NotRequired[List[str]]
    """other columns of the data set; rows to predict may have them"""
    cellFormat: NotRequired[CellFormat]


BoostingOptions = TypedDict(
    'BoostingOptions',
    {
        'kind': "Literal['boosting']",
        'objective': "NotRequired[Literal['regression', 'binary', 'multiclass', 'ranking', 'quantile', 'absoluteError', 'huber', 'poisson', 'gamma', 'tweedie']]",
        'rounds': 'NotRequired[int]',
        'maxDepth': 'NotRequired[int]',
        'learningRate': 'NotRequired[float]',
        'subsample': 'NotRequired[float]',
        'columnSample': 'NotRequired[float]',
        'minChildWeight': 'NotRequired[float]',
        'lambda': 'NotRequired[float]',
        'alpha': 'NotRequired[float]',
        'gamma': 'NotRequired[float]',
        'maxBins': 'NotRequired[int]',
        'treeMethod': "NotRequired[Literal['hist', 'approx', 'exact']]",
        'quantile': 'NotRequired[Union[float, List[float]]]',
        'huberSlope': 'NotRequired[float]',
        'tweedieVariancePower': 'NotRequired[float]',
        'baseScore': 'NotRequired[float]',
        'scalePosWeight': 'NotRequired[float]',
        'monotone': 'NotRequired[Dict[str, Literal[1, -1]]]',
        'categorical': 'NotRequired[List[str]]',
    },
)


class BoostingTrainingOptions(TypedDict):
    target: NotRequired[str]
    """column to predict; if absent, the data set's target"""
    features: NotRequired[List[str]]
    """columns to learn from; if absent, all that are not text and have no other use"""
    sampleWeight: NotRequired[str]
    """column with the weight of each row, 0 or more"""
    classWeights: NotRequired[ClassWeights]
    offset: NotRequired[str]
    """column of numbers that are added to the margin of each row, before it becomes a probability or a mean; such as the logarithm of the exposure, for counts. Rows to predict need it too"""
    group: NotRequired[str]
    """required with objective ranking: column whose value is the same for all rows of a query"""
    split: NotRequired[Union[str, List[str]]]
    """the split of the data set to train on, or several; if absent: train, or without one all but val and test. A data set without splits is used as a whole"""
    validation: NotRequired[TableValidation]
    """default: 0.1"""
    earlyStopping: NotRequired[BoostingEarlyStopping]
    exportBest: NotRequired[bool]
    """with earlyStopping: whether the model ends with the best round instead of the last (default: true)"""
    seed: NotRequired[int]
    """seed of all sampling (default: 1)"""
    logEvery: NotRequired[int]
    """rounds between two evaluations, which are the metric points; the last round has one too (default: 1)"""
    checkpointEvery: NotRequired[int]
    """rounds between two checkpoints. If neither this nor checkpointSeconds is given, there is one every 10 seconds, or less often if they would take more than 2 % of the time"""
    checkpointSeconds: NotRequired[float]
    """seconds between two checkpoints"""
    keepCheckpoints: NotRequired[int]
    """how many of the newest checkpoints to keep, beside the best (default: 3)"""


class CancelledJobs(TypedDict):
    count: int
    """number of jobs in both lists"""
    cancelled: List[str]
    """jobs that were not running: they have ended"""
    cancelling: List[str]
    """running jobs: they end soon"""


class CastStep(TypedDict):
    """changes types of columns; a value that does not fit is an error"""

    kind: Literal['cast']
    columns: Dict[str, Literal['number', 'integer', 'boolean', 'category']]
    """new types by column"""


class CategoryColumn(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['category']
    distinct: int
    categories: List[str]
    """sorted by code point; the code of a category is its index"""
    counts: List[int]
    """number of rows of each category"""


class CategoryHistogram(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['category']
    categories: List[str]
    """the most frequent ones, most first"""
    counts: List[int]
    """rows of each of them"""
    others: CategoryHistogramOthers
    """the other categories, and the number of their rows"""


class CategoryHistogramOthers(TypedDict):
    """the other categories, and the number of their rows"""

    categories: int
    count: int


class CellFormat(TypedDict):
    decimal: Literal['.', ',']
    thousands: Union[Literal[',', '.', "'", ' ', '_'], None]
    """the sign between groups of digits"""
    missing: List[str]
    """texts that mean a missing value"""


class ChangeStreamEvent(TypedDict):
    """a change"""

    event: str
    """the event's type"""
    id: NotRequired[str]
    """a client that reconnects sends it as Last-Event-ID"""
    data: str


class ChangesPage(TypedDict):
    """some changes"""

    events: List[ChangeEvent]
    """oldest first"""
    lastEventId: str
    """send it as `after` to get the events after these"""


class CheckedCondition(TypedDict):
    condition: str
    holds: bool
    value: Union[Union[float, str, bool], None]
    """of the version to promote; null if it has none"""
    comparedWith: Union[Union[float, str, bool], None]
    """what it was compared with; null if there is none"""


class Checkpoint(TypedDict):
    """a checkpoint"""

    step: int
    """number of steps that were done"""
    createdAt: str
    attempt: int
    """number of the attempt that wrote it"""
    latest: bool
    best: bool
    """the best so far by the metric of training.keepBest or, for boosting, training.earlyStopping; it is kept beside the newest. An evaluation whose loss is NaN or infinite is never the best"""
    format: Literal['tensorflow', 'xgboost', 'predictions']
    prefix: Union[str, None]
    """name of the TensorFlow checkpoint, for tf.train.load_checkpoint('DIR/model.ckpt-200'); null for XGBoost"""
    evaluation: Union[Evaluation, None]
    """by class, of a network; null if this step was not evaluated, or by an older version"""
    files: List[StoredFile]


class ClassEvaluation(TypedDict):
    label: str
    records: int
    """validation records of this class"""
    recall: Union[float, None]
    """share of its records that are predicted as this class, which is its accuracy; null without records"""
    precision: Union[float, None]
    """share of the records predicted as this class that belong to it; null if there are none"""


class ClassRecord(TypedDict):
    index: int
    """in the data set that `dataset` names: GET /datasets/:id/images/:index shows an image, and GET /datasets/:id/samples a row"""
    label: str
    """the class that it belongs to"""
    predicted: str
    """the class that is predicted"""
    probability: float
    """of the predicted class"""
    labelProbability: float
    """of the class that it belongs to"""


class ClipGradients(TypedDict):
    value: NotRequired[float]
    """largest absolute value of an element of the gradient; if absent, no limit"""
    norm: NotRequired[float]
    """largest L2 norm of the whole gradient; if absent, no limit"""


class ColorJitter(TypedDict):
    brightness: NotRequired[float]
    """multiplies all values by a random factor between 1 - x and 1 + x, where x is this number; 0: off (default: 0)"""
    contrast: NotRequired[float]
    """multiplies the difference of all values from the mean of the image by a random factor between 1 - x and 1 + x, where x is this number; 0: off (default: 0)"""
    saturation: NotRequired[float]
    """multiplies the difference of each pixel from its gray value (3 channels only) by a random factor between 1 - x and 1 + x, where x is this number; 0: off (default: 0)"""


class ColumnImportance(TypedDict):
    column: str
    gain: float
    """mean reduction of the loss by its splits"""
    weight: float
    """number of its splits"""
    cover: float
    """mean sum of second derivatives of the rows that reach its splits"""


class Completeness(TypedDict):
    sum: float
    """of the attributions of all pixels"""
    difference: float
    """logit of the image − logit of the baseline"""
    gap: float
    """sum − difference; 0 if there were infinitely many steps"""
    relativeGap: Union[float, None]
    """|gap| / |difference|; null if the image and the baseline have the same logit"""


class ConstantRate(TypedDict):
    schedule: Literal['constant']
    peak: NotRequired[float]
    """the highest rate; if absent, 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop"""
    warmupSteps: NotRequired[int]
    """first steps, in which the rate rises linearly to the peak (default: 0)"""


class ContactSheet(TypedDict):
    """which images a contact sheet shows"""

    rows: int
    columns: int
    cell: int
    """pixels of a side of a cell"""
    cells: List[ContactSheetCell]
    """the images, by row and column from 0"""


ContactSheetCell = TypedDict(
    'ContactSheetCell',
    {
        'row': 'int',
        'column': 'int',
        'index': 'int',
        'label': 'int',
        'class': 'str',
    },
)


class CosineDecay(TypedDict):
    schedule: Literal['cosine']
    peak: NotRequired[float]
    """the highest rate; if absent, 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop"""
    warmupSteps: NotRequired[int]
    """first steps, in which the rate rises linearly to the peak (default: 0)"""
    endFactor: NotRequired[float]
    """the rate at the end, as a share of the peak (default: 0)"""


class CreatedWebhook(TypedDict):
    """a webhook and its secret"""

    id: str
    url: str
    events: List[WebhookEvent]
    labels: Labels
    """only jobs with all of these labels"""
    createdAt: str
    disabled: Union[CreatedWebhookDisabled, None]
    """when and why the webhook was disabled; null if it is active"""
    secret: str
    """key of the signatures: whsec_ and base64. It is shown only in this answer"""


class CreatedWebhookDisabled(TypedDict):
    at: str
    reason: str


class DamagedItem(TypedDict):
    id: str
    file: str
    """the damaged file, relative to the data folder"""
    reason: str
    """what is wrong with the file"""


class DataFolder(TypedDict):
    freeBytes: Union[int, None]
    """what the server may use of the disk; null if unknown"""
    totalBytes: Union[int, None]
    """size of the disk; null if unknown"""
    usedBytes: Union[Dict[str, float], None]
    """what each folder takes, such as `jobs` and `models`; null until it has been measured in the background, which the first request starts, at most every ten minutes"""


class DatasetChange(TypedDict):
    """a data set was uploaded or made by the server, or was deleted"""

    id: str
    """where this event is in the stream; the next ones come after it"""
    type: Literal['dataset.created', 'dataset.deleted']
    timestamp: str
    data: DatasetChangeData


class DatasetChangeData(TypedDict):
    id: str
    name: Union[str, None]
    """null if it cannot be read"""


class DatasetDiff(TypedDict):
    """what differs between two data sets"""

    equal: bool
    """whether both are one data set"""
    kind: Literal['images', 'table']
    one: DatasetDiffOne
    other: DatasetDiffOther
    records: Union[DatasetDiffRecords, None]
    """equal images, whatever their classes, or rows that are equal in all columns that both have; null if there are too many to compare"""
    classes: DatasetDiffClasses
    classCounts: List[DatasetDiffClassCountsItem]
    """of images: classes whose numbers of images differ"""
    columns: DatasetDiffColumns
    changedColumns: List[DatasetDiffChangedColumnsItem]
    """of tables"""
    fields: List[DatasetDiffFieldsItem]
    """other facts that differ, such as height, encoding or target"""
    splits: List[DatasetDiffSplitsItem]
    """splits whose numbers of records differ"""
    notes: DatasetDiffNotes
    """messages of notes"""


class DatasetDiffChangedColumnsItem(TypedDict):
    name: str
    changes: List[DatasetDiffChangedColumnsItemChangesItem]
    """such as type, missing, min, max, mean, and added and removed categories"""


class DatasetDiffChangedColumnsItemChangesItem(TypedDict):
    field: str
    one: Any
    other: Any


class DatasetDiffClassCountsItem(TypedDict):
    name: str
    one: Union[int, None]
    """null if the data set has none of that name"""
    other: Union[int, None]
    """null if the data set has none of that name"""


class DatasetDiffClasses(TypedDict):
    added: List[str]
    removed: List[str]


class DatasetDiffColumns(TypedDict):
    added: List[str]
    removed: List[str]


class DatasetDiffFieldsItem(TypedDict):
    field: str
    one: Any
    other: Any


class DatasetDiffNotes(TypedDict):
    """messages of notes"""

    added: List[str]
    removed: List[str]


class DatasetDiffOne(TypedDict):
    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    createdAt: str
    records: int
    bytes: int
    """of its shards"""


class DatasetDiffOther(TypedDict):
    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    createdAt: str
    records: int
    bytes: int
    """of its shards"""


class DatasetDiffRecords(TypedDict):
    both: int
    onlyOne: int
    onlyOther: int


class DatasetDiffSplitsItem(TypedDict):
    name: str
    one: Union[int, None]
    """null if the data set has none of that name"""
    other: Union[int, None]
    """null if the data set has none of that name"""


class DatasetImport(TypedDict):
    """the making of a data set"""

    id: str
    status: ImportStatus
    source: List[str]
    """where the files come from, without what may be secret; at most 10"""
    name: Union[str, None]
    """the name that the data set gets"""
    createdAt: str
    updatedAt: str
    finishedAt: Union[str, None]
    progress: Union[ImportProgress, None]
    """null before the first byte and after the end"""
    dataset: Union[str, None]
    """the data set, after the import has succeeded"""
    created: Union[bool, None]
    """false if the same content existed already"""
    problem: Union[Problem, None]
    """why there is no data set, and what to do"""


class DatasetNaming(TypedDict):
    dataset: str
    """the id or another name of the data set"""


class DatasetPage(TypedDict):
    """a page"""

    items: List[Dataset]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class DatasetRef(TypedDict):
    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""


class DatasetRequest(TypedDict):
    source: NotRequired[DatasetSource]
    sources: NotRequired[List[DatasetSource]]
    """several places instead of one; their files follow each other"""
    name: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    labels: NotRequired[List[str]]
    """class names"""
    height: NotRequired[int]
    width: NotRequired[int]
    channels: NotRequired[Literal[1, 3, 4]]
    resize: NotRequired[DatasetRequestResize]
    features: NotRequired[Dict[str, str]]
    """TFRecord: the names of the features, such as {'image':'image/encoded'}"""
    dtype: NotRequired[Literal['uint8', 'float32']]
    range: NotRequired[Literal['0..1', '0..255', '-1..1']]
    target: NotRequired[str]
    """tables: the column to predict"""
    schema: NotRequired[Dict[str, Literal['number', 'integer', 'boolean', 'category', 'text']]]
    """tables: types of columns that the server should not infer"""
    delimiter: NotRequired[str]
    header: NotRequired[bool]
    decimal: NotRequired[str]
    thousands: NotRequired[str]
    missing: NotRequired[List[str]]
    sheet: NotRequired[str]
    layout: NotRequired[Literal['channels_last', 'channels_first']]
    onError: NotRequired[Literal['refuse', 'skip']]
    maxSkipped: NotRequired[float]
    splits: NotRequired[Dict[str, Union[float, str]]]
    """shares of splits beside train, with seed, by and column: {'val':0.1,'test':0.1,'by':'class'}"""


class DatasetRequestResize(TypedDict):
    height: int
    width: int
    mode: NotRequired[Literal['fit', 'fill', 'stretch']]
    """fit: the whole image, with black beside it; fill: the middle of it, without what exceeds the shape; stretch: the whole image, at another aspect ratio"""


class DatasetVersion(TypedDict):
    id: str
    at: str
    """when the name was given to it"""
    current: bool
    kind: Union[Literal['images', 'table'], None]
    """null if its manifest is damaged"""
    records: Union[int, None]
    """null if its manifest is damaged"""


class DatasetVersions(TypedDict):
    """the versions of a name"""

    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    items: List[DatasetVersion]
    """the data sets that have had the name, newest first, at most 1000"""


class Delivery(TypedDict):
    """a message and the attempts to deliver it"""

    id: str
    """value of the webhook-id header, the same for every attempt"""
    event: Literal['job.queued', 'job.running', 'job.paused', 'job.succeeded', 'job.failed', 'job.cancelled', 'model.aliasMoved', 'model.aliasDeleted', 'model.promoted', 'model.rolledBack', 'ping']
    job: Union[str, None]
    """null for a ping, and for an event of a model"""
    at: str
    status: Literal['pending', 'delivered', 'failed']
    attempts: List[DeliveryAttempt]
    """oldest first"""
    nextAttemptAt: Union[str, None]
    """null if none is scheduled"""


class DeliveryAttempt(TypedDict):
    startedAt: str
    durationMs: Union[float, None]
    """null until the attempt has ended"""
    statusCode: Union[int, None]
    """HTTP status of the receiver's answer; null without an answer"""
    error: Union[str, None]
    """why the attempt failed; null if it succeeded"""


class DeliveryPage(TypedDict):
    """a page"""

    items: List[Delivery]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class Derivation(TypedDict):
    dataset: str
    steps: List[DatasetStep]


class DeriveRequest(TypedDict):
    name: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    steps: List[DatasetStep]
    """done one after the other"""


class DriftBin(TypedDict):
    name: str
    """a range of numbers, a category, or what else a value may be"""
    reference: float
    """rows of the reference in it"""
    live: float
    """rows of the predictions in it"""


class DriftPart(TypedDict):
    reference: DriftPartReference
    """what it is compared with"""
    status: Literal['none', 'moderate', 'large', 'not_enough']
    """by the PSI: none below 0.1, moderate below 0.25, else large; not_enough: too few rows for a value"""
    worst: Union[DriftPartWorst, None]
    """the feature with the largest PSI; null if none has a value"""
    features: List[FeatureDrift]
    """sorted by PSI, largest first"""


class DriftPartReference(TypedDict):
    """what it is compared with"""

    part: Literal['training', 'validation']
    """of the data set of the job"""
    rows: int
    """images or rows that were counted"""
    of: int
    """images or rows that the part has"""


class DriftPartWorst(TypedDict):
    name: str
    psi: float


# what a version predicts from and answers, beside its training
DriftReport = TypedDict(
    'DriftReport',
    {
        'model': 'str',
        'version': 'int',
        'from': 'str',
        'to': 'str',
        'rows': 'DriftReportRows',
        'thresholds': 'DriftReportThresholds',
        'inputs': 'Union[DriftPart, None]',
        'scores': 'Union[DriftPart, None]',
        'notes': 'List[Note]',
    },
)


class DriftReportRows(TypedDict):
    predicted: int
    """images or rows that were predicted in these days"""
    counted: int
    """of these, the ones in the histograms: all, unless there are very many"""


class DriftReportThresholds(TypedDict):
    moderate: float
    large: float


class DropDuplicatesStep(TypedDict):
    """keeps the first of equal images or rows, in train if there is one there; images of different classes count as equal, too"""

    kind: Literal['dropDuplicates']


class DropStep(TypedDict):
    """drops columns of a table"""

    kind: Literal['drop']
    columns: List[str]


class EarlyStopping(TypedDict):
    metric: NotRequired[Literal['validationLoss', 'validationAccuracy']]
    """lower is better for validationLoss, higher for validationAccuracy (default: 'validationAccuracy')"""
    patience: NotRequired[int]
    """evaluations without improvement before the job ends (default: 5)"""
    minDelta: NotRequired[float]
    """an improvement must be larger than this (default: 0)"""


class EngineVersions(TypedDict):
    kind: Literal['cpu', 'cuda']
    tensorflow: Union[str, None]
    """null if it is not the one that set-up installs"""
    xgboost: Union[str, None]
    """null if it is not the one that set-up installs"""
    openvino: Union[str, None]
    """null without it: networks are then served by TensorFlow alone"""


class Evaluation(TypedDict):
    records: int
    """validation records"""
    accuracy: float
    """share of the records that are predicted right"""
    top5Accuracy: NotRequired[float]
    """share of the records whose class is among the five most probable; only with more than five classes"""
    confusionMatrix: NotRequired[List[List[int]]]
    """numbers of records: a row for each true class, a column for each predicted one, in the order of labels. Absent above 100 classes"""
    perClass: List[ClassEvaluation]
    """in the order of labels"""
    roc: NotRequired[EvaluationRoc]
    """receiver operating characteristic; the second label is the positive class. Only for two classes that both have records"""
    pr: NotRequired[EvaluationPr]
    """precision and recall; present if roc is"""


class EvaluationPr(TypedDict):
    """precision and recall; present if roc is"""

    averagePrecision: float
    """mean of the precisions, weighted by the growth of recall, of all points"""
    points: List[PrecisionRecallPoint]
    """from the highest threshold to the lowest; at most 100 points of the curve"""


class EvaluationRecordPage(TypedDict):
    """what a model predicted for validation records"""

    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    step: int
    """of the training, whose weights or trees the model has"""
    dataset: str
    kind: Literal['classes', 'numbers']
    """what the model predicts"""
    items: List[Union[ClassRecord, NumberRecord]]
    """classes: wrong ones first, the highest probability first; then right ones, the lowest first. numbers: the largest absolute residual first"""
    total: int
    """records that match, of all that are kept"""
    evaluated: int
    """validation records that were predicted"""
    leftOut: int
    """of these, how many are not kept: only the 100000 that were predicted worst are, so right ones go first"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class EvaluationRoc(TypedDict):
    """receiver operating characteristic; the second label is the positive class. Only for two classes that both have records"""

    auc: float
    """area under the curve, of all its points"""
    points: List[RocPoint]
    """from the highest threshold to the lowest; at most 100 points of the curve"""


class ExplainedClass(TypedDict):
    label: str
    index: int
    logit: NotRequired[float]
    """of networks: the number that is explained, before the softmax"""
    probability: NotRequired[float]
    """of quantiles, there is none: the label is the quantile"""


class Explanation(TypedDict):
    margin: float
    """sum of the trees, before it is converted to a probability or a count"""
    bias: float
    """the expected margin, to which the contributions are added"""
    contributions: Dict[str, float]
    """by column name; they and the bias add up to the margin"""


class ExponentialDecay(TypedDict):
    schedule: Literal['exponential']
    peak: NotRequired[float]
    """the highest rate; if absent, 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop"""
    warmupSteps: NotRequired[int]
    """first steps, in which the rate rises linearly to the peak (default: 0)"""
    factor: NotRequired[float]
    """the rate is multiplied by this over everySteps steps, a little at each (default: 0.9)"""
    everySteps: NotRequired[int]
    """steps per factor; if absent, one epoch"""


class FeatureColumn(TypedDict):
    name: str
    type: Literal['number', 'integer', 'boolean', 'category']
    categories: Union[List[str], None]
    """category names in the order of their codes; null for other types"""


class FeatureDrift(TypedDict):
    name: str
    """a column; of images brightness, contrast, or the mean of a colour; of answers class, probability, value or score"""
    kind: Literal['number', 'category']
    status: Literal['none', 'moderate', 'large', 'not_enough']
    """by the PSI: none below 0.1, moderate below 0.25, else large; not_enough: too few rows for a value"""
    psi: Union[float, None]
    """population stability index; null if there are too few rows"""
    jensenShannon: Union[float, None]
    """Jensen–Shannon divergence in bits, from 0 (equal) to 1; null if there are too few rows"""
    ks: Union[float, None]
    """Kolmogorov–Smirnov statistic of numbers, at the edges of the bins; null of categories, and if there are too few rows"""
    rowsNeeded: Union[int, None]
    """rows of predictions from which on there is a value; null if the reference itself has too few"""
    bins: List[DriftBin]


class FeatureMapLayer(TypedDict):
    name: str
    height: int
    """of the feature map, before it was brought to the size of the input"""
    width: int


class FieldError(TypedDict):
    path: str
    """JSON pointer into the body, such as /training/steps; or a part of the request, such as querystring:/limit; or a place in an uploaded file"""
    code: str
    """stable; docs/errors.md lists all codes"""
    message: str


class FilterStep(TypedDict):
    """keeps the images or rows for which all conditions hold"""

    kind: Literal['filter']
    classes: NotRequired[List[str]]
    """of images: the classes to keep; the others are dropped"""
    splits: NotRequired[List[str]]
    """the splits to keep; the others are dropped"""
    where: NotRequired[List[str]]
    """conditions that all must hold, such as price>100 or kind=rose; operators are = != < <= > >= and ^= (begins with). Images have height, width, label and source"""


class FolderSource(TypedDict):
    kind: Literal['folder']
    path: str
    """a file of the server, or a folder with files, below a folder of TRAINYARD_DATA_ROOTS"""


class HeatMap(TypedDict):
    height: int
    """of the input of the network"""
    width: int
    scale: float
    """the largest absolute value, by which the map was divided: a value times the scale is in units of the logit. 0 if the whole map is 0"""
    values: List[List[float]]
    """[height][width], rounded to six digits; gradCam: 0 to 1. integratedGradients: −1 to 1, summed over the channels of a pixel; negative ones speak against the class"""


class HistogramPage(TypedDict):
    """how the values of columns are spread"""

    items: List[Union[NumericHistogram, BooleanHistogram, CategoryHistogram, TextHistogram]]
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class ImageDataset(TypedDict):
    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    createdAt: str
    kind: Literal['images']
    height: int
    width: int
    channels: Literal[1, 3, 4]
    encoding: Literal['raw', 'encoded']
    """raw: height x width x channels bytes per image; encoded: PNG or JPEG"""
    records: int
    labels: List[str]
    """class names; the label of a record is an index into them"""
    classCounts: List[int]
    """number of records of each class"""
    mean: List[float]
    """mean of each channel, for pixel values 0 to 255; of a set with a split train, of its images"""
    std: List[float]
    """standard deviation of each channel, for pixel values 0 to 255; of a set with a split train, of its images"""
    resize: NotRequired[ImageDatasetResize]
    splits: NotRequired[List[ImageSplit]]
    derivedFrom: NotRequired[Derivation]
    skipped: NotRequired[ImageDatasetSkipped]
    formats: NotRequired[Dict[str, int]]
    """images of each format in the upload, such as JPEG or pixels"""
    sizes: NotRequired[ImageDatasetSizes]
    duplicates: NotRequired[ImageDatasetDuplicates]
    notes: NotRequired[List[Note]]
    """what was inferred or left out, and may not be expected"""
    shards: List[Shard]
    index: NotRequired[Shard]


class ImageDatasetDuplicates(TypedDict):
    exact: ImageDatasetDuplicatesExact
    near: Union[ImageDatasetDuplicatesNear, None]
    """null if they were not searched, since the images are too small or too many"""


class ImageDatasetDuplicatesExact(TypedDict):
    groups: int
    images: int
    """images in these groups"""
    acrossSplits: int
    """groups with images of more than one split"""
    examples: List[List[str]]
    """the sources of up to 10 images of up to 20 groups, those across splits first"""


class ImageDatasetDuplicatesNear(TypedDict):
    groups: int
    images: int
    """images in these groups"""
    acrossSplits: int
    """groups with images of more than one split"""
    examples: List[List[str]]
    """the sources of up to 10 images of up to 20 groups, those across splits first"""


class ImageDatasetResize(TypedDict):
    height: int
    width: int
    mode: Literal['fit', 'fill', 'stretch']
    """fit: the whole image, with black beside it; fill: the middle of it, without what exceeds the shape; stretch: the whole image, at another aspect ratio"""


class ImageDatasetSizes(TypedDict):
    different: int
    """number of different sizes"""
    height: ImageDatasetSizesHeight
    width: ImageDatasetSizesWidth
    common: List[ImageDatasetSizesCommonItem]
    """the 10 most common sizes"""


class ImageDatasetSizesCommonItem(TypedDict):
    height: int
    width: int
    images: int


class ImageDatasetSizesHeight(TypedDict):
    min: int
    median: int
    max: int


class ImageDatasetSizesWidth(TypedDict):
    min: int
    median: int
    max: int


class ImageDatasetSkipped(TypedDict):
    records: int
    """number of images or rows"""
    problems: List[ImageDatasetSkippedProblemsItem]
    """the first 100"""


class ImageDatasetSkippedProblemsItem(TypedDict):
    place: str
    """the file, and the place in it"""
    code: str
    """see docs/errors.md"""
    reason: str


class ImageExplanation(TypedDict):
    name: NotRequired[str]
    """the name of the file in a form"""
    target: ExplainedClass
    predicted: ExplainedClass
    source: Union[SourceImage, None]
    """where the map lies in the file that was sent; null for pixels, which have the size of the map"""
    completeness: NotRequired[Completeness]
    map: HeatMap


class ImageExplanations(TypedDict):
    """what in each image speaks for a class"""

    model: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: NotRequired[int]
    job: NotRequired[str]
    """of a checkpoint, in place of model and version"""
    step: NotRequired[int]
    """of the checkpoint"""
    method: Literal['gradCam', 'integratedGradients']
    precision: Literal['fp32']
    """what gradients are computed in"""
    layer: NotRequired[FeatureMapLayer]
    layers: NotRequired[List[str]]
    """gradCam: what `layer` may name, in order of computation"""
    steps: NotRequired[int]
    baseline: NotRequired[Literal['black', 'white', 'mean']]
    rule: NotRequired[Literal['trapezoid']]
    """integratedGradients: how the integral is approximated, by steps + 1 gradients"""
    labels: List[str]
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    explanations: List[ImageExplanation]


class ImagePreprocessing(TypedDict):
    resize: Literal['fit', 'fill', 'stretch']
    """how an image of another size is brought to that of the model"""
    antialias: Union[bool, None]
    """whether it is smoothed before it is made smaller; null: not known, since the version is old"""
    orientation: Literal['exif', 'unknown']
    """exif: an image is turned as its EXIF orientation says; unknown: the version is old, and may not turn it"""


ImageSample = TypedDict(
    'ImageSample',
    {
        'index': 'int',
        'label': 'int',
        'class': 'str',
        'split': 'Union[str, None]',
        'height': 'int',
        'width': 'int',
        'source': 'Union[str, None]',
        'fields': 'NotRequired[Dict[str, str]]',
        'url': 'str',
    },
)


class ImageSamplePage(TypedDict):
    kind: Literal['images']
    items: List[ImageSample]
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class ImageSplit(TypedDict):
    name: str
    """lower-case letters, digits, dash and underscore; at most 32 characters"""
    records: int
    classCounts: List[int]
    """number of records of each class"""
    mean: List[float]
    """mean of each channel, for pixel values 0 to 255; of a set with a split train, of its images"""
    std: List[float]
    """standard deviation of each channel, for pixel values 0 to 255; of a set with a split train, of its images"""


class ImageValidation2(TypedDict):
    holdOut: float
    """share of the data set to hold out for validation"""
    by: NotRequired[Literal['random', 'class']]
    """class: the same share of the images of each class; if absent, random"""


class ImageValidation3(TypedDict):
    """a split of the data set to validate on"""

    split: str
    """lower-case letters, digits, dash and underscore; at most 32 characters"""


class ImageValidation4(TypedDict):
    """another data set to validate on"""

    dataset: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    split: NotRequired[str]
    """the split of it to validate on; if absent, all of it"""


class ImportEvent(TypedDict):
    """the import: its status or its progress has changed"""

    event: Literal['import']
    id: NotRequired[str]
    """a client that reconnects sends it as Last-Event-ID"""
    data: str


class ImportPage(TypedDict):
    """a page"""

    items: List[DatasetImport]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class ImportProgress(TypedDict):
    phase: Literal['receiving', 'fetching', 'reading', 'decoding', 'writing']
    unit: Literal['bytes', 'images', 'rows']
    done: int
    total: Union[int, None]
    """null if it is not known"""
    fraction: Union[float, None]
    """of this phase, from 0 to 1"""
    etaSeconds: Union[float, None]
    """until this phase ends at its present rate"""


class InferAnswer(TypedDict):
    """outputs as named tensors"""

    model_name: str
    model_version: str
    id: NotRequired[str]
    parameters: NotRequired[InferAnswerParameters]
    outputs: List[InferOutput]


class InferAnswerParameters(TypedDict):
    notes: str
    """what was inferred or left out"""


class InferBatchStatistics(TypedDict):
    batch_size: int
    compute_input: InferTally
    compute_infer: InferTally
    compute_output: InferTally


class InferInput(TypedDict):
    name: str
    """GET /v2/models/:id lists the inputs"""
    shape: List[int]
    datatype: Literal['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'BF16', 'FP32', 'FP64', 'BYTES']
    parameters: NotRequired[InferInputParameters]
    data: NotRequired[List[Any]]
    """values, flat or nested as the shape says"""


class InferInputParameters(TypedDict):
    binary_data_size: NotRequired[int]
    """bytes of the tensor after the JSON, in place of `data`"""
    content_type: NotRequired[str]
    """`base64`: texts of type BYTES are base64"""


class InferModelConfig(TypedDict):
    """a configuration"""

    name: str
    platform: str
    backend: str
    version_policy: InferModelConfigVersionPolicy
    max_batch_size: int
    """predictions in one request"""
    input: List[InferModelConfigInputItem]
    output: List[InferModelConfigOutputItem]
    dynamic_batching: InferModelConfigDynamicBatching


class InferModelConfigDynamicBatching(TypedDict):
    pass


class InferModelConfigInputItem(TypedDict):
    name: str
    data_type: str
    dims: List[int]
    reshape: NotRequired[InferModelConfigInputItemReshape]
    format: NotRequired[str]
    label_filename: NotRequired[str]


class InferModelConfigInputItemReshape(TypedDict):
    shape: List[int]


class InferModelConfigOutputItem(TypedDict):
    name: str
    data_type: str
    dims: List[int]
    reshape: NotRequired[InferModelConfigOutputItemReshape]
    format: NotRequired[str]
    label_filename: NotRequired[str]


class InferModelConfigOutputItemReshape(TypedDict):
    shape: List[int]


class InferModelConfigVersionPolicy(TypedDict):
    latest: InferModelConfigVersionPolicyLatest


class InferModelConfigVersionPolicyLatest(TypedDict):
    num_versions: int


class InferModelMetadata(TypedDict):
    """inputs and outputs"""

    name: str
    versions: List[str]
    platform: Literal['tensorflow_savedmodel', 'xgboost_ubj']
    inputs: List[TensorMetadata]
    outputs: List[TensorMetadata]


class InferModelStatistics(TypedDict):
    name: str
    version: str
    last_inference: int
    """milliseconds since 1970; 0 before the first"""
    inference_count: int
    """images and rows"""
    execution_count: int
    """batches that ran"""
    inference_stats: InferModelStatisticsInferenceStats
    batch_stats: List[InferBatchStatistics]


class InferModelStatisticsInferenceStats(TypedDict):
    success: InferTally
    fail: InferTally
    queue: InferTally
    compute_input: InferTally
    compute_infer: InferTally
    compute_output: InferTally
    cache_hit: InferTally
    cache_miss: InferTally


class InferOutput(TypedDict):
    name: str
    datatype: Literal['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'BF16', 'FP32', 'FP64', 'BYTES']
    shape: List[int]
    """sizes of its dimensions; the first one is the number of predictions"""
    parameters: NotRequired[InferOutputParameters]
    data: NotRequired[List[Any]]
    """values in row-major order; null is NaN or infinite"""


class InferOutputParameters(TypedDict):
    binary_data_size: int


class InferRequest(TypedDict):
    id: NotRequired[str]
    """is in the answer, too"""
    parameters: NotRequired[InferRequestParameters]
    inputs: List[InferInput]
    outputs: NotRequired[List[RequestedInferOutput]]
    """the outputs to return; all by default"""


class InferRequestParameters(TypedDict):
    timeout: NotRequired[int]
    """microseconds that the client waits; 0 for no limit of its own"""
    priority: NotRequired[int]
    """1 goes first, then requests without priority, then 2 and so on"""
    binary_data_output: NotRequired[bool]
    """all outputs as bytes after the JSON"""
    unknownCategory: NotRequired[Literal['missing', 'error']]
    unknownColumn: NotRequired[Literal['error', 'ignore']]


class InferServerMetadata(TypedDict):
    """a server"""

    name: str
    version: str
    extensions: List[str]


class InferStatistics(TypedDict):
    """counts and times"""

    model_stats: List[InferModelStatistics]


class InferTally(TypedDict):
    count: int
    ns: int
    """nanoseconds that they took together"""


class InitFrom(TypedDict):
    model: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: NotRequired[int]
    """version of the model; if absent, that of the alias `default`, or else the newest"""
    alias: NotRequired[str]
    """the version that this alias names now"""
    job: NotRequired[str]
    step: NotRequired[int]
    """step of a checkpoint of the job; if absent, the newest"""
    weights: NotRequired[str]
    normalize: NotRequired[RequestedNormalization]


class InitReport(TypedDict):
    matched: List[str]
    """variables with values from initFrom"""
    skipped: List[InitReportSkippedItem]
    """variables that kept their random initial values"""
    cast: NotRequired[List[InitReportCastItem]]
    """matched variables whose values were of another type, such as float16, and are cast to float32"""


InitReportCastItem = TypedDict(
    'InitReportCastItem',
    {
        'name': 'str',
        'from': 'str',
    },
)


class InitReportSkippedItem(TypedDict):
    name: str
    reason: str


class InitSource1(TypedDict):
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    normalize: NotRequired[RequestedNormalization]


class InitSource2(TypedDict):
    job: str
    step: int
    normalize: NotRequired[RequestedNormalization]


class InitSource3(TypedDict):
    weights: str
    normalize: NotRequired[RequestedNormalization]


class Job(TypedDict):
    """a job that trains or predicts"""

    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    status: JobStatus
    requested: Union[Literal['pause', 'cancel'], None]
    """what a running job was asked to do and has not done yet"""
    phase: Union[JobPhase, None]
    """null unless the job is running"""
    queue: Union[QueuePlace, None]
    """null if the job is not queued, if its position is unknown, and in the answer to its submission"""
    waitingFor: Union[str, None]
    """what a queued or running job waits for beside a free slot, such as a worker that has what it needs, memory or room on the disk; null if nothing, and in the answer to its submission"""
    attempt: int
    """number of the latest attempt; 0 before the first"""
    progress: JobProgress
    model: ModelOptions
    """every option of the model, with defaults filled in"""
    dataset: DatasetRef
    training: JobTraining
    """every training option, with defaults filled in; has no fields if the job predicts"""
    predict: Union[PredictionPlan, None]
    """what a job predicts; null if it trains"""
    initFrom: Union[InitSource, None]
    initialized: Union[InitReport, None]
    """null without initFrom, and until the first attempt begins"""
    request: Union[JobRequest, None]
    """the body of POST /jobs as it came: send it again, with changes or without, for another job. Null for jobs of older versions"""
    normalization: Union[Normalization, None]
    """what images are normalized with; null for boosting, and for jobs of older versions"""
    serving: Union[ServingOptions, None]
    """how its network is served; null for boosting, and for jobs of older versions"""
    freeze: List[str]
    priority: int
    """jobs with a higher priority start first; one point counts as much as ten minutes of waiting (default: 0)"""
    labels: Labels
    resources: Union[JobResourcesDetails, None]
    """what the job asks of its worker, from its next attempt on if it does not run; null if nothing"""
    memory: Union[MemoryEstimate, None]
    """estimated memory of the trainer; for a network, null until the first attempt has built its graph"""
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    removedCheckpoints: Union[RemovedCheckpoints, None]
    """checkpoints that were removed to free space, some days after the job had ended (the setting TRAINYARD_CHECKPOINT_DAYS); null if there are none"""
    createdAt: str
    startedAt: Union[str, None]
    """start of the first attempt"""
    finishedAt: Union[str, None]
    transitions: List[JobTransition]
    """changes of the status, oldest first"""
    metrics: Dict[str, MetricValue]
    """latest value of each metric by the latest attempt, however the job ended; after success, the values at the step of the model"""
    best: Dict[str, BestMetric]
    """best value of each metric by the attempts in effect, and its step: the lowest loss, the highest accuracy; metrics without a better direction, such as learningRate, are not in it, and NaN and Infinity do not count"""
    failure: Union[JobFailureDetails, None]
    result: Union[JobResult, None]


class JobChange(TypedDict):
    """a job has another status, was changed or asked to do something, or was deleted"""

    id: str
    """where this event is in the stream; the next ones come after it"""
    type: Literal['job.queued', 'job.running', 'job.paused', 'job.succeeded', 'job.failed', 'job.cancelled', 'job.changed', 'job.deleted']
    timestamp: str
    data: JobChangeData


class JobChangeData(TypedDict):
    id: str
    name: Union[str, None]
    """null if it is not known"""
    status: Union[JobStatus, None]
    """null of a deleted job"""
    attempt: NotRequired[int]
    """number of the latest attempt; 0 before the first"""
    requested: NotRequired[Union[Literal['pause', 'cancel'], None]]
    """what a running job was asked to do and has not done yet"""
    failure: NotRequired[Union[JobFailure, None]]
    model: NotRequired[Union[ModelRef, None]]
    """the model that the job has published"""
    dataset: NotRequired[DatasetRef]
    """the data set of predictions that it made"""


class JobCounts(TypedDict):
    queued: int
    """queued jobs"""
    running: int
    """running jobs"""
    paused: int
    """paused jobs"""
    succeeded: int
    """jobs that succeeded"""
    failed: int
    """jobs that failed"""
    cancelled: int
    """cancelled jobs"""
    waiting: int
    """jobs in the queue that no worker has taken"""
    unplaced: int
    """queued jobs that need what no worker that is alive has"""
    held: int
    """queued jobs that wait for a worker with more memory"""
    active: int
    """jobs that workers have taken"""
    oldestWaitingSeconds: float
    """since the oldest queued job was submitted; 0 if none is queued"""


class JobEvent(TypedDict):
    """the job: its state has changed"""

    event: Literal['job']
    id: NotRequired[str]
    """a client that reconnects sends it as Last-Event-ID"""
    data: str


class JobFacets(TypedDict):
    total: int
    """number of jobs that match"""
    status: List[JobFacetsStatusItem]
    """statuses, the most frequent first"""
    model: List[JobFacetsModelItem]
    """kinds of models"""
    dataset: List[JobFacetsDatasetItem]
    """names of data sets, the 100 most frequent"""
    datasets: int
    """number of different names of data sets"""
    labels: List[JobFacetsLabelsItem]
    """the 100 most frequent keys of labels"""
    labelKeys: int
    """number of different keys of labels"""
    metrics: List[JobFacetsMetricsItem]
    """metrics that a job has"""


class JobFacetsDatasetItem(TypedDict):
    value: str
    count: int
    """number of jobs"""


class JobFacetsLabelsItem(TypedDict):
    key: str
    count: int
    """number of jobs"""
    distinct: int
    """number of different values"""
    values: List[JobFacetsLabelsItemValuesItem]
    """the 100 most frequent values"""


class JobFacetsLabelsItemValuesItem(TypedDict):
    value: str
    count: int
    """number of jobs"""


class JobFacetsMetricsItem(TypedDict):
    name: str
    count: int
    """number of jobs"""
    better: Union[Literal['lower', 'higher'], None]
    """which values are better: `best` has them; null if none are"""


class JobFacetsModelItem(TypedDict):
    value: str
    count: int
    """number of jobs"""


class JobFacetsStatusItem(TypedDict):
    value: str
    count: int
    """number of jobs"""


class JobFailure(TypedDict):
    code: Literal['nan_loss', 'bad_sample', 'out_of_memory', 'crashed', 'killed', 'no_progress', 'dataset_gone', 'dataset_damaged', 'init_source_gone', 'init_nothing_matches', 'model_gone', 'no_gpu', 'xgboost_error', 'gpu_error', 'invalid', 'groups_not_contiguous']
    message: str


class JobFailureDetails(TypedDict):
    code: Literal['nan_loss', 'bad_sample', 'out_of_memory', 'crashed', 'killed', 'no_progress', 'dataset_gone', 'dataset_damaged', 'init_source_gone', 'init_nothing_matches', 'model_gone', 'no_gpu', 'xgboost_error', 'gpu_error', 'invalid', 'groups_not_contiguous']
    message: str
    help: str
    """what to do about it; docs/errors.md has it by code"""


class JobOutcome(TypedDict):
    id: str
    status: Union[JobStatus, None]
    """status after the action; null if the job was deleted, and with a problem"""
    requested: Union[Literal['pause', 'cancel'], None]
    """what a running job was asked to do and has not done yet"""
    problem: Union[Problem, None]
    """why the job was not changed, as the request for it alone would answer; null if it was"""


class JobOutcomes(TypedDict):
    items: List[JobOutcome]
    """one for each job, in the order of `ids`, or newest first"""
    succeeded: int
    """jobs without a problem"""
    failed: int
    """jobs with a problem, which did not change"""
    more: bool
    """whether the selection matches more jobs than the 1000 of one request"""


class JobPage(TypedDict):
    """a page"""

    items: List[Job]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class JobPlan(TypedDict):
    """the result of a dry run"""

    dryRun: Literal[True]
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    model: ModelOptions
    """every option of the model, with defaults filled in"""
    dataset: DatasetRef
    training: JobPlanTraining
    """every training option, with defaults filled in; has no fields if the job predicts"""
    predict: Union[PredictionPlan, None]
    """what a job predicts; null if it trains"""
    initFrom: Union[InitSource, None]
    initialized: Union[InitReport, None]
    """which variables would start from initFrom; null without it, or if its files cannot be read"""
    normalization: Union[Normalization, None]
    """what images are normalized with; null for boosting, and for jobs of older versions"""
    serving: Union[ServingOptions, None]
    """how its network is served; null for boosting, and for jobs of older versions"""
    freeze: List[str]
    priority: int
    """jobs with a higher priority start first; one point counts as much as ten minutes of waiting (default: 0)"""
    labels: Labels
    resources: Union[JobPlanResources, None]
    """what the job asks of its worker, from its next attempt on if it does not run; null if nothing"""
    steps: int
    """total number of steps; for boosting, of rounds; for a prediction, of records"""
    stepsPerEpoch: Union[int, None]
    """null for boosting, and for a prediction"""
    parameters: Union[int, None]
    """number of trainable parameters; null for boosting, and for a prediction"""
    memory: MemoryEstimate
    timeEstimate: TimeEstimate
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""


class JobPlanResources(TypedDict):
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""

    gpus: NotRequired[int]
    """GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any"""
    memoryBytes: NotRequired[int]
    """memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts"""
    labels: NotRequired[List[str]]
    """labels that the worker must have, all of them"""
    workers: NotRequired[int]
    """processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1"""
    devices: NotRequired[int]
    """devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1"""


class JobPlanTraining(TypedDict):
    """every training option, with defaults filled in; has no fields if the job predicts"""

    pass


class JobPredictions(TypedDict):
    """one prediction for each image or row, by a checkpoint of a job"""

    job: str
    step: int
    """step of the checkpoint"""
    labels: NotRequired[List[str]]
    quantiles: NotRequired[List[float]]
    unknownCategories: NotRequired[Dict[str, int]]
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    predictions: List[Union[Prediction, RowPrediction, SelectedPrediction]]


class JobProgress(TypedDict):
    step: int
    """the last step that was done; for a job that has ended or waits, by its latest attempt"""
    steps: int
    """total number of steps; for boosting, of rounds; for a prediction, of records"""
    fraction: float
    """step / steps, from 0 to 1; 1 for a job that succeeded, also if it stopped early"""
    etaSeconds: Union[float, None]
    """estimated time until the job ends if it does not stop early: steps, evaluations and saving. Null if the job is not running, and until its pace is known"""
    resumedFrom: Union[int, None]
    """step of the checkpoint from which the latest attempt resumed; steps after it are done again. 0 if it started from the beginning; null before the first attempt, and for a moment as an attempt begins"""


class JobResources(TypedDict):
    """what the trainers of a job used, over time"""

    columns: ResourceColumns
    measurements: int
    """how many measurements the points stand for. If there are fewer points, each has the means of several, and the largest memory"""
    damagedLines: int
    """lines of the log that are left out"""


class JobResourcesDetails(TypedDict):
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""

    gpus: NotRequired[int]
    """GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any"""
    memoryBytes: NotRequired[int]
    """memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts"""
    labels: NotRequired[List[str]]
    """labels that the worker must have, all of them"""
    workers: NotRequired[int]
    """processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1"""
    devices: NotRequired[int]
    """devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1"""


class JobResult(TypedDict):
    model: ModelRef
    """the version that the job published; of a job that predicts, its `predict`"""
    dataset: Union[DatasetRef, None]
    """the data set of predictions; null if the job trained"""
    stoppedEarly: bool
    """whether training.earlyStopping ended the job, at progress.step"""


class JobSelection(TypedDict):
    status: NotRequired[List[JobStatus]]
    """jobs with any of these statuses"""
    labels: NotRequired[Labels]
    """only jobs with all of these labels"""
    model: NotRequired[str]
    """kind of the model: resnet, vgg or boosting"""
    dataset: NotRequired[str]
    """id or name of the data set"""
    name: NotRequired[str]
    """beginning of the job's name"""
    createdAfter: NotRequired[str]
    """an ISO 8601 date that exists, or such a date and time with a time zone"""
    createdBefore: NotRequired[str]
    """an ISO 8601 date that exists, or such a date and time with a time zone"""


class JobTraining(TypedDict):
    """every training option, with defaults filled in; has no fields if the job predicts"""

    pass


class JobTransition(TypedDict):
    status: JobStatus
    at: str
    attempt: int
    """number of the latest attempt at this time; 0 before the first"""
    failure: NotRequired[JobFailure]


class JobsAction(TypedDict):
    action: Literal['pause', 'resume', 'cancel', 'retry', 'delete']
    ids: NotRequired[List[str]]
    """these jobs"""
    selection: NotRequired[JobSelection]
    """the jobs that match; without `status`, those that the action changes, such as paused jobs for resume"""


class JoinStep(TypedDict):
    """adds columns of another table by a key (a left join): each row gets the values of the one row there that has its key, or none"""

    kind: Literal['join']
    dataset: str
    """the table whose columns are added"""
    on: str
    """the column of the keys"""
    otherOn: NotRequired[str]
    """its name in the other table; if absent, the same"""
    columns: NotRequired[List[str]]
    """the columns to add; if absent, all but the key"""


class KeepBest(TypedDict):
    metric: NotRequired[Literal['validationLoss', 'validationAccuracy']]
    """lower is better for validationLoss, higher for validationAccuracy (default: 'validationAccuracy')"""


class LabelStep(TypedDict):
    """gives images classes by their path in the upload"""

    kind: Literal['label']
    labels: NotRequired[Dict[str, str]]
    """the class of images by their path in the upload, or the end of it"""
    dataset: NotRequired[str]
    """instead of labels: a table whose columns of categories have them"""
    source: NotRequired[str]
    """the column with the paths; if absent, file"""
    label: NotRequired[str]
    """the column with the classes; if absent, label"""
    others: NotRequired[Literal['keep', 'drop', 'refuse']]
    """what happens to images for which no label is given (default: 'refuse')"""


class LogEvent(TypedDict):
    """one line of the log"""

    event: Literal['log']
    id: NotRequired[str]
    """a client that reconnects sends it as Last-Event-ID"""
    data: str


class LogLine(TypedDict):
    attempt: int
    """number of the attempt, from 1"""
    time: str
    line: str


class LogPage(TypedDict):
    """a page of log lines"""

    items: List[LogLine]
    """oldest first"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class MeasuredImages(TypedDict):
    part: Literal['validation', 'training']
    """training: of the images that the model was trained on, as there are no others"""
    images: int
    """their number, evenly spread over the data"""


class MemoryEstimate(TypedDict):
    engineBytes: int
    """the trainer process with its native library, without data, on a CPU"""
    stateBytes: int
    """weights, optimizer state, moving averages and in-memory records; for boosting, the table"""
    stepBytes: int
    """peak of a step: activations, gradients and the batch; for boosting, the derivatives of each row"""
    totalBytes: int
    """the sum of the above"""


class MetricPoint(TypedDict):
    step: int
    value: MetricValue
    time: str


class MetricsEvent(TypedDict):
    """the values of one step"""

    event: Literal['metrics']
    id: NotRequired[str]
    """a client that reconnects sends it as Last-Event-ID"""
    data: str


class MetricsPage(TypedDict):
    """a page of metrics"""

    points: Dict[str, List[MetricPoint]]
    """the points of each metric, by its name, in the order of steps"""
    damagedLines: int
    """lines of the metrics log that are left out because they are damaged; 0 unless a disk or a crash has altered it"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class MetricsRow(TypedDict):
    step: int
    time: str
    values: Dict[str, MetricValue]
    """by metric"""


class ModelAlias(TypedDict):
    """an alias, and the version that it names"""

    alias: str
    """lower-case letters, digits, dash and underscore, a letter first; at most 63 characters. `default` is what the model's bare name serves; `latest` always names the newest version and cannot be set"""
    version: int
    """the version that it names"""
    at: str
    by: str
    """the key of the request, by the first eight digits of its SHA-256, which the data folder's keys.json lists, such as key-1a2b3c4d"""
    reason: Union[str, None]
    previous: List[int]
    """versions that it named before and that exist, the last 50, oldest first; a rollback goes to the last one"""


class ModelAliasChange(TypedDict):
    """an alias of a model names another version, or was deleted"""

    id: str
    """where this event is in the stream; the next ones come after it"""
    type: Literal['model.aliasMoved', 'model.aliasDeleted', 'model.promoted', 'model.rolledBack']
    timestamp: str
    data: ModelAliasChangeData


ModelAliasChangeData = TypedDict(
    'ModelAliasChangeData',
    {
        'model': 'str',
        'alias': 'str',
        'change': "Literal['moved', 'promoted', 'rolledBack', 'deleted']",
        'from': 'Union[int, None]',
        'to': 'Union[int, None]',
        'conditions': 'NotRequired[List[CheckedCondition]]',
        'at': 'str',
        'by': 'str',
        'reason': 'Union[str, None]',
    },
)


class ModelChange(TypedDict):
    """a version of a model was published or deleted"""

    id: str
    """where this event is in the stream; the next ones come after it"""
    type: Literal['model.created', 'model.deleted']
    timestamp: str
    data: ModelChangeData


class ModelChangeData(TypedDict):
    id: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    job: Union[str, None]
    """the job that trained it; null if it cannot be read"""


class ModelPage(TypedDict):
    """a page"""

    items: List[Model]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class ModelRef(TypedDict):
    id: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int


class NetworkContract(TypedDict):
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    inputs: List[TensorContract]
    """what the model computes with, once a body is read"""
    outputs: List[TensorContract]
    labels: List[str]
    """class names, by index"""
    accepts: List[str]
    """media types of bodies"""
    answers: List[str]
    """media types of answers"""
    limits: NetworkContractLimits
    example: NetworkContractExample
    kind: Literal['images']
    preprocessing: NetworkContractPreprocessing
    normalization: NetworkContractNormalization
    """by channel, of pixels from 0 to 255; the model itself does it"""


class NetworkContractExample(TypedDict):
    contentType: str
    body: Any
    """a body that the model predicts from"""


class NetworkContractLimits(TypedDict):
    instances: int
    """images or rows in one request"""
    files: NotRequired[int]
    """image files in one request"""
    textBytes: int
    """bytes of a body of JSON or CSV"""
    binaryBytes: int
    """bytes of any other body"""


class NetworkContractNormalization(TypedDict):
    """by channel, of pixels from 0 to 255; the model itself does it"""

    mean: List[float]
    std: List[float]


class NetworkContractPreprocessing(TypedDict):
    resize: Literal['fit', 'fill', 'stretch']
    """how an image of another size is brought to that of the model"""
    antialias: Union[bool, None]
    """whether it is smoothed before it is made smaller; null: not known, since the version is old"""
    orientation: Literal['exif', 'unknown']
    """exif: an image is turned as its EXIF orientation says; unknown: the version is old, and may not turn it"""
    height: int
    width: int
    channels: Literal[1, 3, 4]
    """1: brightness; 3: red, green and blue; 4: these and opacity"""
    range: List[float]
    """the smallest and the largest value of a pixel that is sent as a number"""
    formats: List[str]
    """image files that are read"""


class NetworkJobRequest(TypedDict):
    name: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    dataset: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    priority: NotRequired[int]
    """jobs with a higher priority start first; one point counts as much as ten minutes of waiting (default: 0)"""
    labels: NotRequired[Labels]
    resources: NotRequired[NetworkJobRequestResources]
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""
    model: NetworkOptions
    training: NotRequired[TrainingOptions]
    serving: NotRequired[ServingOptions]
    """default: {}"""
    initFrom: NotRequired[InitFrom]
    freeze: NotRequired[List[str]]
    """patterns of variables that are not trained, such as 'resnet/conv_0/*'; * matches any text"""


class NetworkJobRequestResources(TypedDict):
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""

    gpus: NotRequired[int]
    """GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any"""
    memoryBytes: NotRequired[int]
    """memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts"""
    labels: NotRequired[List[str]]
    """labels that the worker must have, all of them"""
    workers: NotRequired[int]
    """processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1"""
    devices: NotRequired[int]
    """devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1"""


class NetworkModel(TypedDict):
    id: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    versions: List[int]
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    """counted from 1"""
    jobId: str
    createdAt: str
    dataset: DatasetRef
    step: int
    """step of the job that the model is from; for boosting, its rounds"""
    labels: List[str]
    """class names, by index"""
    metrics: Dict[str, MetricValue]
    """values at this step"""
    evaluation: NotRequired[Evaluation]
    model: ResolvedNetwork
    """every option of the model, with defaults filled in"""
    input: NetworkModelInput
    precision: NotRequired[PrecisionCard]
    aliases: List[str]
    """that name this version, sorted"""
    stage: Union[str, None]
    """how far the version is, in your words; null if nothing was said"""
    note: Union[str, None]
    """what is to be known of the version; null if nothing was said"""
    tags: Tags
    serving: NotRequired[Serving]
    """only of one version, while this server has it loaded for predictions"""


class NetworkModelInput(TypedDict):
    height: int
    width: int
    channels: Literal[1, 3, 4]
    mean: List[float]
    """by channel; the model itself normalizes its input, pixels from 0 to 255, with it"""
    std: List[float]
    """by channel; the model itself normalizes its input, pixels from 0 to 255, with it"""
    resize: NotRequired[NetworkModelInputResize]
    preprocessing: NotRequired[ImagePreprocessing]


class NetworkModelInputResize(TypedDict):
    height: int
    width: int
    mode: Literal['fit', 'fill', 'stretch']
    """fit: the whole image, with black beside it; fill: the middle of it, without what exceeds the shape; stretch: the whole image, at another aspect ratio"""


Normalization = TypedDict(
    'Normalization',
    {
        'mean': 'List[float]',
        'std': 'List[float]',
        'from': "Literal['dataset', 'weights', 'request']",
    },
)


class Note(TypedDict):
    code: str
    """see docs/errors.md"""
    message: str
    """names the values, and the field that changes it"""
    columns: NotRequired[List[str]]
    """the first 20 columns that it is about"""


class NumberRecord(TypedDict):
    index: int
    """in the data set that `dataset` names: GET /datasets/:id/images/:index shows an image, and GET /datasets/:id/samples a row"""
    target: float
    predicted: Union[float, None]
    """of quantiles, the middle one; null if it is NaN or infinite, which counts as the largest residual"""
    residual: Union[float, None]
    """target − predicted"""


class NumericColumn(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['number', 'integer', 'boolean']
    distinct: Union[int, None]
    """number of different values; null if they were not counted, since there are many"""
    whole: NotRequired[bool]
    """of a number column: true if it has no fractions, such as 1.0"""
    firstFraction: NotRequired[NumericColumnFirstFraction]
    """of a number column: its first value with a fraction; rows count from 1"""
    min: Union[float, None]
    """null if all values are missing"""
    max: Union[float, None]
    """null if all values are missing"""
    mean: Union[float, None]
    """null if all values are missing"""


class NumericColumnFirstFraction(TypedDict):
    """of a number column: its first value with a fraction; rows count from 1"""

    value: float
    row: int


class NumericHistogram(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['number', 'integer']
    edges: List[float]
    """bin i has the values from edges[i] to before edges[i + 1]; the last one has its upper edge, too"""
    counts: List[int]
    """values in each bin"""
    countedRows: int
    """rows that were counted: of a very large table a part, spread evenly over it"""


class OneCycle(TypedDict):
    schedule: Literal['oneCycle']
    peak: NotRequired[float]
    """the highest rate; if absent, 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop"""
    warmupSteps: NotRequired[int]
    """first steps, in which the rate rises to the peak; if absent, 30 % of all steps"""
    startFactor: NotRequired[float]
    """the rate of the first step, as a share of the peak (default: 0.04)"""
    endFactor: NotRequired[float]
    """the rate of the last step, as a share of the peak (default: 0.000004)"""


class PrecisionAccuracy(TypedDict):
    precision: Literal['fp32', 'bf16', 'int8']
    runtime: Literal['tensorflow', 'openvino']
    """the library that it was measured with"""
    accuracy: float
    """share of the images whose class is predicted"""
    accuracyLoss: float
    """accuracy of fp32 minus this accuracy; negative if this one is higher"""
    agreement: float
    """share of the images for which fp32 predicts the same class"""


class PrecisionCard(TypedDict):
    requested: ServedPrecision
    """serving.precision of the job (default: 'auto')"""
    served: Literal['fp32', 'bf16', 'int8']
    """what predictions are computed in; a processor without bf16 instructions computes bf16 in fp32"""
    maxAccuracyLoss: float
    measured: Union[MeasuredImages, None]
    """the images that the accuracies are of; null if nothing was measured"""
    calibrated: Union[MeasuredImages, None]
    """the images that int8 was calibrated with; null without"""
    accuracies: List[PrecisionAccuracy]
    """of each precision that was measured"""
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""


class PrecisionRecallPoint(TypedDict):
    threshold: float
    """a record counts as the positive class if its probability is at least this"""
    recall: float
    precision: float


class PredictRequest(TypedDict):
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: NotRequired[int]
    """version of the model; if absent, that of the alias `default`, or else the newest"""
    alias: NotRequired[str]
    """the version that this alias names when the job is submitted"""
    split: NotRequired[str]
    """predict the records of this split only; by default all records"""
    outputs: NotRequired[List[Literal['label', 'probability', 'probabilities', 'logits']]]
    """models of classes only: what a prediction has; `label` comes with `index`, and logits are of networks only. By default label, probability and probabilities; with `topK`, label and probability"""
    topK: NotRequired[int]
    """models of classes only: return so many of the most probable classes as `top`, in place of all probabilities"""
    keepColumns: NotRequired[bool]
    """of a table: also store the columns of the data set beside the predictions (default: true)"""
    checkpointEvery: NotRequired[int]
    """records between checkpoints; of images, rounded up to a batch of 32. A checkpoint is also made after some MiB of predictions, and after 30 seconds"""
    datasetName: NotRequired[str]
    """name of the data set of predictions; by default the job's"""


class Prediction(TypedDict):
    name: NotRequired[str]
    """the name of the file in a form"""
    label: str
    index: int
    probability: float
    probabilities: List[float]
    """of all classes, in the order of labels"""


class PredictionJobRequest(TypedDict):
    name: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    dataset: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    priority: NotRequired[int]
    """jobs with a higher priority start first; one point counts as much as ten minutes of waiting (default: 0)"""
    labels: NotRequired[Labels]
    resources: NotRequired[PredictionJobRequestResources]
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""
    predict: PredictRequest


class PredictionJobRequestResources(TypedDict):
    """what the job needs of a worker. Only workers that have it take the job; until there is one, `waitingFor` says what is missing"""

    gpus: NotRequired[int]
    """GPUs of the worker that the job has for itself; 0 leaves it to the worker, which gives each job one if it has any"""
    memoryBytes: NotRequired[int]
    """memory of the machine that the job takes, if you know better than the estimate; the larger of the two counts"""
    labels: NotRequired[List[str]]
    """labels that the worker must have, all of them"""
    workers: NotRequired[int]
    """processes that train the job together. Of boosting, each has its share of the rows, and another number grows other trees. Of networks, each computes its share of the micro-batches of training.shards, and the number does not change the weights. Default: 1"""
    devices: NotRequired[int]
    """devices of each worker that compute the training together, at most: GPUs, or parts of the processor; only for networks. They do not change the weights, which depend on training.shards. Default: 1"""


class PredictionOrigin(TypedDict):
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    dataset: str
    """id of the data set whose records were predicted"""
    split: NotRequired[str]
    """lower-case letters, digits, dash and underscore; at most 32 characters"""
    job: str
    """id of the first job that made it"""


class PredictionPlan(TypedDict):
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    """the version that predicts, wherever its aliases move"""
    split: Union[str, None]
    """null: all records"""
    outputs: Union[List[Literal['label', 'probability', 'probabilities', 'logits']], None]
    """what a prediction of a class has; null for a model that predicts numbers"""
    topK: Union[int, None]
    """null: as `outputs` says"""
    keepColumns: bool
    checkpointEvery: Union[int, None]
    """null: chosen by size and time"""
    datasetName: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    steps: int
    """number of records to predict"""
    columns: List[str]
    """columns that predictions add, in order; the first 100"""


class Predictions(TypedDict):
    """one prediction for each image"""

    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    labels: List[str]
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    predictions: List[Prediction]


class Problem(TypedDict):
    """an error"""

    type: str
    """always about:blank"""
    title: str
    """the phrase of the HTTP status"""
    status: int
    """the HTTP status"""
    code: str
    """stable; docs/errors.md lists all codes"""
    detail: str
    """what is wrong and what was expected"""
    instance: NotRequired[str]
    """urn:uuid: and the request id, which the server's log has too"""
    errors: NotRequired[List[FieldError]]
    """every invalid field"""


class ProgressChange(TypedDict):
    """how far a running job is, at most once a second; only in the stream, without an id, and never sent again"""

    type: Literal['job.progress']
    timestamp: str
    data: ProgressChangeData


class ProgressChangeData(TypedDict):
    id: str
    attempt: int
    """number of the latest attempt; 0 before the first"""
    phase: JobPhase
    progress: JobProgress
    metrics: Dict[str, MetricValue]
    """latest value of each metric by the latest attempt, however the job ended; after success, the values at the step of the model"""
    best: Dict[str, BestMetric]
    """best value of each metric by the attempts in effect, and its step: the lowest loss, the highest accuracy; metrics without a better direction, such as learningRate, are not in it, and NaN and Infinity do not count"""


class ProgressEvent(TypedDict):
    """the progress of the job"""

    event: Literal['progress']
    id: NotRequired[str]
    """a client that reconnects sends it as Last-Event-ID"""
    data: str


class ProgressUpdate(TypedDict):
    step: int
    """the last step that was done; for a job that has ended or waits, by its latest attempt"""
    steps: int
    """total number of steps; for boosting, of rounds; for a prediction, of records"""
    fraction: float
    """step / steps, from 0 to 1; 1 for a job that succeeded, also if it stopped early"""
    etaSeconds: Union[float, None]
    """estimated time until the job ends if it does not stop early: steps, evaluations and saving. Null if the job is not running, and until its pace is known"""
    resumedFrom: Union[int, None]
    """step of the checkpoint from which the latest attempt resumed; steps after it are done again. 0 if it started from the beginning; null before the first attempt, and for a moment as an attempt begins"""
    metrics: Dict[str, MetricValue]
    """by metric"""
    best: Dict[str, BestMetric]
    """best value of each metric by the attempts in effect, and its step: the lowest loss, the highest accuracy; metrics without a better direction, such as learningRate, are not in it, and NaN and Infinity do not count"""


class Promotion(TypedDict):
    """an alias that was moved, and why it could be"""

    alias: str
    """lower-case letters, digits, dash and underscore, a letter first; at most 63 characters. `default` is what the model's bare name serves; `latest` always names the newest version and cannot be set"""
    version: int
    """the version that it names"""
    at: str
    by: str
    """the key of the request, by the first eight digits of its SHA-256, which the data folder's keys.json lists, such as key-1a2b3c4d"""
    reason: Union[str, None]
    previous: List[int]
    """versions that it named before and that exist, the last 50, oldest first; a rollback goes to the last one"""
    conditions: List[CheckedCondition]
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""


PromotionRequest = TypedDict(
    'PromotionRequest',
    {
        'version': 'NotRequired[int]',
        'alias': 'NotRequired[str]',
        'to': 'str',
        'if': 'NotRequired[List[str]]',
        'reason': 'NotRequired[str]',
    },
)


class ProtocolError(TypedDict):
    """an error"""

    error: str


class QueuePlace(TypedDict):
    position: int
    """1 is next, of the jobs that need the same of a worker"""
    startsInSeconds: Union[float, None]
    """estimated time until a worker takes the job; null if unknown"""


class RankedClass(TypedDict):
    label: str
    index: int
    probability: float


class Readiness(TypedDict):
    """Redis and the predictor answer, and the disk takes writes"""

    status: Literal['ok', 'degraded']
    """`degraded` if a check has a warning"""
    checks: List[ReadinessChecksItem]


class ReadinessChecksItem(TypedDict):
    name: Literal['disk', 'redis', 'predictor', 'worker']
    status: Literal['ok', 'warning', 'starting', 'failed', 'unknown']
    """`failed` and `starting` make the server not ready; `warning` does not"""
    detail: str
    """what was found"""


class RedisInfo(TypedDict):
    version: Union[str, None]
    """null if Redis does not allow INFO; so are the fields below"""
    pingSeconds: float
    """how long it took to answer"""
    usedBytes: Union[int, None]
    """memory of its data"""
    maxBytes: Union[int, None]
    """its limit; 0: none"""
    clients: Union[int, None]
    """connections"""
    evictedKeys: Union[int, None]
    """keys that it dropped for lack of memory; must stay 0"""
    appendOnly: Union[bool, None]
    """whether it writes each change to a file; if not, it has at most snapshots, and loses the changes since"""
    savedLast: Union[bool, None]
    """whether its last snapshot was written"""


class RelabelStep(TypedDict):
    """renames, merges or drops classes of images"""

    kind: Literal['relabel']
    classes: Dict[str, Union[str, None]]
    """the new name of some classes; equal names merge classes, null drops the images of a class"""


class RemovedCheckpoints(TypedDict):
    at: str
    steps: List[int]
    """their steps, in order"""


class RemovedVersions(TypedDict):
    versions: List[int]
    """the deleted versions"""
    freedBytes: int
    """bytes of their files"""
    aliases: List[AliasChange]
    """aliases that named them, and what became of them, as the request says"""


class RenameStep(TypedDict):
    """renames columns of a table"""

    kind: Literal['rename']
    columns: Dict[str, str]
    """new names by old ones"""


class RepositoryIndexRequest(TypedDict):
    ready: NotRequired[bool]
    """only versions that are ready"""


class RepositoryLoadRequest(TypedDict):
    parameters: NotRequired[Dict[str, Any]]


class RepositoryModel(TypedDict):
    name: str
    version: str
    state: Literal['READY', 'UNAVAILABLE']
    reason: str


class RequestSample(TypedDict):
    id: str
    at: str
    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    instances: int
    """images or rows of the request"""
    input: Union[SampledInput, None]
    """null if inputs are not kept, or are too large"""
    inputOmitted: NotRequired[Literal['off', 'too_large']]
    """why there is no input"""
    output: RequestSampleOutput


class RequestSampleOutput(TypedDict):
    outputs: int
    """values of each image or row"""
    values: List[Union[float, str]]
    """row-major: probabilities in the order of labels, or values; of two classes by trees, the probability of the second. NaN and infinity are texts"""


class RequestSamplePage(TypedDict):
    """requests that were kept"""

    items: List[RequestSample]
    """oldest first"""
    damagedLines: int
    """lines of this page that cannot be read"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class RequestedInferOutput(TypedDict):
    name: str
    parameters: NotRequired[RequestedInferOutputParameters]


class RequestedInferOutputParameters(TypedDict):
    binary_data: NotRequired[bool]
    """as bytes after the JSON"""
    classification: NotRequired[int]
    """the number of best classes, as texts `value:index:label`"""


class RequestedNormalizationObject(TypedDict):
    mean: List[float]
    """what is subtracted, for pixels from 0 to 255; one value for each channel, or one for all"""
    std: List[float]
    """what the difference is divided by, for pixels from 0 to 255; one value for each channel, or one for all"""


class ResNet(TypedDict):
    """the options with all defaults filled in"""

    kind: Literal['resnet']
    depth: NotRequired[int]
    """number of layers with weights: 18, 34, 50, 101, 152 or 200; for small images also any 6n+2 or 9n+2. If absent, the model is the small plain ResNet"""
    version: NotRequired[Literal[1, 2]]
    """with depth: 1 is the original ResNet; 2 has batch norm and ReLU before the convolutions (default: 2)"""
    layout: NotRequired[Literal['torchvision', 'tf-slim']]
    """with depth and version 1: which units halve the image. torchvision: the first of a stage; tf-slim: the last of a stage, with SAME padding in the pool. Both have the same variables. If absent, the layout of the weights of initFrom, else torchvision. Version 2 is always tf-slim"""
    stem: NotRequired[Literal['imagenet', 'cifar']]
    """with depth: first layers. imagenet: a 7x7 convolution with stride 2 and a max pool; cifar: a 3x3 convolution. If absent, imagenet for images of at least 64x64 pixels and a depth of 18, 34, 50, 101, 152 or 200, else cifar"""
    block: NotRequired[Literal['plain', 'bottleneck']]
    """without depth: plain has two k x k convolutions, bottleneck a 1x1, a k x k and a 1x1 (default: 'plain')"""
    blocks: NotRequired[int]
    """without depth: number of residual blocks (default: 5)"""
    filters: NotRequired[int]
    """without depth: filters of each block (default: 64)"""
    kernel: NotRequired[int]
    """without depth: side k of the spatial convolutions, in pixels (default: 3)"""
    ratio: NotRequired[int]
    """with block bottleneck: the first two convolutions of a block have filters / ratio filters (default: 4)"""


class ResNetOptions(TypedDict):
    kind: Literal['resnet']
    depth: NotRequired[int]
    """number of layers with weights: 18, 34, 50, 101, 152 or 200; for small images also any 6n+2 or 9n+2. If absent, the model is the small plain ResNet"""
    version: NotRequired[Literal[1, 2]]
    """with depth: 1 is the original ResNet; 2 has batch norm and ReLU before the convolutions (default: 2)"""
    layout: NotRequired[Literal['torchvision', 'tf-slim']]
    """with depth and version 1: which units halve the image. torchvision: the first of a stage; tf-slim: the last of a stage, with SAME padding in the pool. Both have the same variables. If absent, the layout of the weights of initFrom, else torchvision. Version 2 is always tf-slim"""
    stem: NotRequired[Literal['imagenet', 'cifar']]
    """with depth: first layers. imagenet: a 7x7 convolution with stride 2 and a max pool; cifar: a 3x3 convolution. If absent, imagenet for images of at least 64x64 pixels and a depth of 18, 34, 50, 101, 152 or 200, else cifar"""
    block: NotRequired[Literal['plain', 'bottleneck']]
    """without depth: plain has two k x k convolutions, bottleneck a 1x1, a k x k and a 1x1 (default: 'plain')"""
    blocks: NotRequired[int]
    """without depth: number of residual blocks (default: 5)"""
    filters: NotRequired[int]
    """without depth: filters of each block (default: 64)"""
    kernel: NotRequired[int]
    """without depth: side k of the spatial convolutions, in pixels (default: 3)"""
    ratio: NotRequired[int]
    """with block bottleneck: the first two convolutions of a block have filters / ratio filters (default: 4)"""


class ResourceColumns(TypedDict):
    time: List[str]
    """end of the time that the point covers"""
    seconds: List[float]
    """how long it covers; more than a few seconds if it is the mean of several measurements"""
    attempt: List[int]
    """number of the attempt; of the last one if a point covers several"""
    step: List[int]
    """the last step that was done"""
    cpuCores: List[Union[float, None]]
    """processor cores that the trainer used; null without /proc"""
    residentBytes: List[Union[float, None]]
    """memory of the trainer that is not swapped out; null without /proc"""
    gpuUtilization: List[Union[float, None]]
    """share of the time in which the job's GPU computed, for all processes, 0 to 1; measured every ten seconds; null without a GPU, or if the card does not say"""
    gpuMemoryBytes: List[Union[float, None]]
    """memory of the job's GPU in use by all processes; null without a GPU, or if the card does not say"""
    examplesPerSecond: List[Union[float, None]]
    """images or rows per second, as the metrics have it; null until the first measurement of the attempt, and while the job does not train or predict"""
    readBytesPerSecond: List[Union[float, None]]
    """what the trainer read from a disk; null if the system does not say. What the system had in memory does not count"""
    writeBytesPerSecond: List[Union[float, None]]
    """what the trainer wrote to a disk; null if the system does not say"""


class RmsProp(TypedDict):
    kind: Literal['rmsprop']
    decay: NotRequired[float]
    """decay of the running mean of the squared gradient (default: 0.9)"""
    momentum: NotRequired[float]
    """decay of the running sum of updates; 0: none (default: 0)"""
    epsilon: NotRequired[float]
    """avoids a division by 0 (default: 1e-7)"""
    weightDecay: NotRequired[float]
    """L2 penalty: each weight, times this, is added to its gradient; not for batch norm and biases (default: 0)"""


class RocPoint(TypedDict):
    threshold: float
    """a record counts as the positive class if its probability is at least this"""
    falsePositiveRate: float
    truePositiveRate: float


class RollbackRequest(TypedDict):
    ifVersion: NotRequired[int]
    """roll back only if the alias names this version now; otherwise the answer is 409"""
    reason: NotRequired[str]
    """why, for the history"""


class RowExplanation(TypedDict):
    target: Union[ExplainedClass, None]
    """null if the model predicts a number"""
    predicted: Union[ExplainedClass, None]
    """the class; null if the model predicts numbers"""
    value: NotRequired[float]
    """the number that is predicted"""
    margin: float
    """what is explained: the sum of the trees, before it is converted; of two classes, the log-odds of the target"""
    bias: float
    """the expected margin, to which the contributions are added"""
    contributions: Dict[str, float]
    """by column name; they and the bias add up to the margin"""


class RowExplanations(TypedDict):
    """how much each column contributes to the prediction of each row"""

    model: NotRequired[str]
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: NotRequired[int]
    job: NotRequired[str]
    """of a checkpoint, in place of model and version"""
    step: NotRequired[int]
    """of the checkpoint"""
    method: Literal['shap']
    labels: NotRequired[List[str]]
    unknownCategories: Dict[str, int]
    """by column: number of rows whose category training has not seen, and which count as missing"""
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    explanations: List[RowExplanation]


class RowPrediction(TypedDict):
    name: NotRequired[str]
    """the name of the file in a form"""
    label: NotRequired[str]
    index: NotRequired[int]
    probability: NotRequired[float]
    probabilities: NotRequired[List[float]]
    """of all classes, in the order of labels"""
    value: NotRequired[float]
    """with an objective that predicts one number"""
    values: NotRequired[List[float]]
    """with objective quantile, in the order of quantiles"""
    score: NotRequired[float]
    """with objective ranking: higher is more relevant"""
    explanations: NotRequired[List[Explanation]]
    """only with explain: one explanation; for multiclass, one for each label; for quantile, one for each quantile"""


class RowPredictions(TypedDict):
    """one prediction for each row"""

    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    labels: NotRequired[List[str]]
    quantiles: NotRequired[List[float]]
    unknownCategories: Dict[str, int]
    """by column: number of rows whose category training has not seen, and which count as missing"""
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    predictions: List[RowPrediction]


class RowSample(TypedDict):
    index: int
    """place in the data set, from 0"""
    split: Union[str, None]
    """null if the data set has no splits"""
    row: Dict[str, Union[float, bool, str, None]]
    """the values by column"""


class RowSamplePage(TypedDict):
    kind: Literal['table']
    items: List[RowSample]
    textColumns: List[str]
    """columns of text, whose values are not stored"""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class S3Source(TypedDict):
    kind: Literal['s3']
    url: str
    """s3://bucket/key, or s3://bucket/prefix/ for all objects below it; TRAINYARD_FETCH_ALLOW must have s3://bucket"""


class SampleSettings(TypedDict):
    share: float
    """of the answered requests, how many are kept"""
    maxBytes: int
    """of all samples of the model; beyond it the oldest go"""
    maxAgeDays: int
    """older samples go"""
    inputs: bool
    """whether rows and images are kept beside the answers; they may be personal data"""


class SampleStep(TypedDict):
    """keeps some images or rows at random, in their order"""

    kind: Literal['sample']
    records: NotRequired[int]
    """how many to keep"""
    share: NotRequired[float]
    """which share to keep, instead of records"""
    by: NotRequired[Literal['random', 'class']]
    """class: the same share of each class (default: 'random')"""
    column: NotRequired[str]
    """by class: the column of a table; if absent, its target"""
    seed: NotRequired[int]
    """of what is random (default: 1)"""


class SampledInput(TypedDict):
    rows: NotRequired[List[Dict[str, Union[float, str, None]]]]
    """as the model got them, by column: null is missing, or a category that it does not know"""
    images: NotRequired[List[SampledInputImagesItem]]
    """image files as they came"""
    pixels: NotRequired[SampledInputPixels]
    """pixels that came as numbers: float32, little-endian, row-major"""


class SampledInputImagesItem(TypedDict):
    b64: str


class SampledInputPixels(TypedDict):
    """pixels that came as numbers: float32, little-endian, row-major"""

    shape: List[int]
    b64: str


class SelectStep(TypedDict):
    """keeps these columns of a table, in this order"""

    kind: Literal['select']
    columns: List[str]


class SelectedPrediction(TypedDict):
    name: NotRequired[str]
    """the name of the file in a form"""
    label: NotRequired[str]
    index: NotRequired[int]
    probability: NotRequired[float]
    top: NotRequired[List[RankedClass]]
    """with topK: most probable first"""
    probabilities: NotRequired[List[float]]
    logits: NotRequired[List[float]]


class SelectedPredictions(TypedDict):
    """what `topK` and `outputs` ask for, of each image or row"""

    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    version: int
    labels: NotRequired[List[str]]
    """only with probabilities or logits"""
    notes: List[Note]
    """what was inferred or left out, and may not be expected"""
    predictions: List[SelectedPrediction]


class ServerInfo(TypedDict):
    """the server, part by part"""

    version: str
    """of Trainyard"""
    node: str
    """version of Node"""
    platform: str
    """operating system and processor"""
    startedAt: str
    uptimeSeconds: float
    """since this process of the API started"""
    checks: List[ServerInfoChecksItem]
    """as `GET /readyz` has them"""
    engines: Union[EngineVersions, None]
    data: Union[DataFolder, None]
    redis: Union[RedisInfo, None]
    jobs: Union[JobCounts, None]
    slots: Union[SlotCounts, None]
    keys: List[ServerKey]
    """the keys that this process accepts"""
    limits: ServerLimits
    problems: List[ServerProblem]
    """why a part is null; empty if everything could be read"""


class ServerInfoChecksItem(TypedDict):
    name: Literal['disk', 'redis', 'predictor', 'worker']
    status: Literal['ok', 'warning', 'starting', 'failed', 'unknown']
    """`failed` and `starting` make the server not ready; `warning` does not"""
    detail: str
    """what was found"""


class ServerKey(TypedDict):
    name: str
    """as records name who did something: never the key"""
    createdAt: Union[str, None]
    """null for a key of the settings"""
    current: bool
    """whether this request came with it"""


class ServerLimits(TypedDict):
    uploadFileBytes: int
    """largest file of an upload"""
    uploadFiles: int
    """files in one upload"""
    bodyBytes: int
    """largest JSON body, except of predictions"""
    instanceBytes: int
    """largest JSON or CSV body of predictions"""
    instances: int
    """images in one prediction request, as JSON"""
    rows: int
    """table rows in one prediction request"""
    imageBytes: int
    """largest image file in a prediction request"""
    imageFiles: int
    """image files in one prediction request"""


class ServerProblem(TypedDict):
    part: Literal['engines', 'data', 'redis', 'jobs', 'slots']
    """the field that is null"""
    message: str


class Serving(TypedDict):
    runtime: Literal['tensorflow', 'openvino']
    """the library that runs it"""
    precision: Literal['fp32', 'bf16', 'int8']
    """the type that its convolutions and matrix products compute in"""
    reason: str
    """why, such as what was measured on this machine"""
    isFallback: bool
    """whether it is not what was asked for, or less than the platform offers"""


class ServingOptions(TypedDict):
    precision: NotRequired[ServedPrecision]
    """default: 'auto'"""
    maxAccuracyLoss: NotRequired[float]
    """largest difference of the accuracy to that of fp32, as a share of the images. If it is larger, the model is published all the same and served in fp32 (default: 0.005)"""


class Session(TypedDict):
    """who calls"""

    caller: str
    """names the key by the beginning of its hash, as records do that name a caller"""
    remember: bool
    """whether the browser keeps it when it is closed"""
    expiresAt: Union[str, None]


class Sgd(TypedDict):
    kind: Literal['sgd']
    momentum: NotRequired[float]
    """decay of the running sum of gradients; 0: plain gradient descent (default: 0.9)"""
    nesterov: NotRequired[bool]
    """Nesterov momentum (default: true)"""
    weightDecay: NotRequired[float]
    """L2 penalty: each weight, times this, is added to its gradient; not for batch norm and biases (default: 0)"""


class ShadowShare(TypedDict):
    version: NotRequired[int]
    alias: NotRequired[str]
    """lower-case letters, digits, dash and underscore, a letter first; at most 63 characters. `default` is what the model's bare name serves; `latest` always names the newest version and cannot be set"""
    fraction: float
    """of the requests, for how many this version predicts too"""


class Shard(TypedDict):
    name: str
    records: int
    """images, or rows of a table"""
    bytes: int
    sha256: str
    split: NotRequired[str]
    """lower-case letters, digits, dash and underscore; at most 32 characters"""


class SignIn(TypedDict):
    key: str
    """an API key"""
    remember: NotRequired[bool]
    """stay signed in when the browser is closed, for 30 days after the last use; otherwise for 12 hours, until the browser is closed (default: false)"""


class SlotCounts(TypedDict):
    workers: int
    """workers that have reported within the last 15 seconds"""
    total: int
    """jobs that they can run at a time"""
    busy: int
    """slots with a job"""


class SourceImage(TypedDict):
    height: int
    """of the file, turned as the network sees it"""
    width: int
    scale: List[float]
    """vertical and horizontal: position in the map = scale × position in the file + offset"""
    offset: List[float]
    """vertical and horizontal, in pixels of the map"""


class SplitStep(TypedDict):
    """divides all images or rows anew into named splits. Equal images stay in one of them, unless by group or time. Splits that exist are dissolved"""

    kind: Literal['split']
    shares: Dict[str, float]
    """the share of each split, such as {'val':0.1,'test':0.1}; the rest is train"""
    by: NotRequired[Literal['random', 'class', 'group', 'time']]
    """class: the same share of each class; group: images or rows with the same value in column stay together; time: those with the largest values in column are the last split, or without column the last rows. If absent: class if there are classes, otherwise random"""
    column: NotRequired[str]
    """required with by group, and of images with by time; of a table with by class, if absent, the target. Of images: what the upload says of each beside its label, such as patient in a CSV with file,label,patient"""
    seed: NotRequired[int]
    """of what is random (default: 1)"""


class StepDecay(TypedDict):
    schedule: Literal['step']
    peak: NotRequired[float]
    """the highest rate; if absent, 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop"""
    warmupSteps: NotRequired[int]
    """first steps, in which the rate rises linearly to the peak (default: 0)"""
    factor: NotRequired[float]
    """each drop multiplies the rate by this (default: 0.1)"""
    boundaries: NotRequired[List[int]]
    """steps after which the rate drops; if absent, half and three quarters of all steps"""
    everySteps: NotRequired[int]
    """steps between drops, instead of boundaries"""


class StoredFile(TypedDict):
    name: str
    bytes: int
    sha256: str


class StreamChange(TypedDict):
    """stream.open: all later changes will be sent. stream.reset: changes were lost; read the lists again"""

    id: str
    """where this event is in the stream; the next ones come after it"""
    type: Literal['stream.open', 'stream.reset']
    timestamp: str
    data: StreamChangeData


class StreamChangeData(TypedDict):
    message: str
    """what it means, and what to do"""


class StreamTicket(TypedDict):
    """a ticket"""

    ticket: str
    url: str
    """for `new EventSource(url)`: the path with the ticket in its query, after the public URL if the server has one"""
    expiresAt: str


class StreamTicketRequest(TypedDict):
    path: str
    """the path of a stream, with its query: /events, /imports/ID/events, or /jobs/ID/events, /jobs/ID/metrics or /jobs/ID/logs"""
    expiresInSeconds: NotRequired[int]
    """how long the ticket opens the stream; a stream that is open by then goes on, but the browser cannot reconnect (default: 60)"""


class TableDataset(TypedDict):
    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    createdAt: str
    kind: Literal['table']
    records: int
    """number of rows"""
    columns: List[TableColumn]
    target: Union[str, None]
    """the column that jobs predict by default"""
    sample: List[List[Union[float, bool, str, None]]]
    """up to 10 of the first rows; texts are cut to 100 characters"""
    cellFormat: NotRequired[CellFormat]
    splits: NotRequired[List[TableSplit]]
    derivedFrom: NotRequired[Derivation]
    predictedBy: NotRequired[PredictionOrigin]
    skipped: NotRequired[TableDatasetSkipped]
    notes: NotRequired[List[Note]]
    """what was inferred or left out, and may not be expected"""
    shards: List[Shard]


class TableDatasetSkipped(TypedDict):
    records: int
    """number of images or rows"""
    problems: List[TableDatasetSkippedProblemsItem]
    """the first 100"""


class TableDatasetSkippedProblemsItem(TypedDict):
    place: str
    """the file, and the place in it"""
    code: str
    """see docs/errors.md"""
    reason: str


class TableSplit(TypedDict):
    name: str
    """lower-case letters, digits, dash and underscore; at most 32 characters"""
    records: int
    columns: List[TableSplitColumnsItem]
    """columns of categories, and others with rows without a value"""


class TableSplitColumnsItem(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    counts: NotRequired[List[int]]
    """number of rows of each category"""


class TableValidation2(TypedDict):
    holdOut: float
    """share of the data set to hold out for validation"""
    by: NotRequired[Literal['random', 'class', 'group', 'time']]
    """class: the same share of the rows of each class; group: all rows with the same value in column are held out, or none; time: the rows with the largest values in column are held out, or without a column the last rows of the table"""
    column: NotRequired[str]
    """required with by group; with by time, if absent, the order of the rows"""


class TableValidation3(TypedDict):
    """a split of the data set to validate on"""

    split: str
    """lower-case letters, digits, dash and underscore; at most 32 characters"""


class TableValidation4(TypedDict):
    """another data set to validate on"""

    dataset: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    split: NotRequired[str]
    """the split of it to validate on; if absent, all of it"""


class TensorContract(TypedDict):
    name: str
    dtype: str
    shape: List[int]
    """-1 is the number of images or rows"""


class TensorMetadata(TypedDict):
    name: str
    datatype: Literal['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'BF16', 'FP32', 'FP64', 'BYTES']
    shape: List[int]
    """-1 is the number of predictions"""


class TextColumn(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['text']
    distinct: Union[int, None]
    """number of different values; null if they were not counted, since there are many"""


class TextHistogram(TypedDict):
    name: str
    missing: int
    """number of rows without a value"""
    type: Literal['text']
    distinct: Union[int, None]
    """null if there are too many to count"""


class TfClassifications(TypedDict):
    """labels with probabilities"""

    results: List[List[List[Any]]]
    """for each example, pairs of label and probability, in the order of the labels"""
    notes: NotRequired[List[str]]
    """what was inferred or left out"""


class TfExamplesRequest(TypedDict):
    signature_name: NotRequired[Literal['', 'serving_default', 'serving_files']]
    """`serving_files` is of networks: image files"""
    context: NotRequired[Dict[str, Any]]
    """features of all examples"""
    examples: List[Dict[str, Any]]
    """features by name"""


class TfModelList(TypedDict):
    models: List[str]


class TfModelMetadata(TypedDict):
    """signatures"""

    model_spec: TfModelMetadataModelSpec
    metadata: TfModelMetadataMetadata


class TfModelMetadataMetadata(TypedDict):
    signature_def: TfModelMetadataMetadataSignatureDef


class TfModelMetadataMetadataSignatureDef(TypedDict):
    signature_def: Dict[str, Any]
    """signatures by name, with their inputs and outputs"""


class TfModelMetadataModelSpec(TypedDict):
    name: str
    signature_name: str
    version: str


class TfModelStatus(TypedDict):
    """versions"""

    model_version_status: List[TfVersionStatus]


class TfPredictRequest(TypedDict):
    signature_name: NotRequired[Literal['', 'serving_default', 'serving_files']]
    """`serving_files` is of networks: image files"""
    instances: NotRequired[List[Any]]
    """rows: images as lists of numbers or as {'b64': …}, or objects by column, or lists in the order of the columns"""
    inputs: NotRequired[Any]
    """columns, in place of instances: lists of values by the name of the input, or the values of the only input"""


class TfPredictions(TypedDict):
    """predictions"""

    predictions: NotRequired[List[Any]]
    """for each instance, its outputs by name, or the value of the only output"""
    outputs: NotRequired[Any]
    """for inputs: outputs by name, or the values of the only output"""
    notes: NotRequired[List[str]]
    """what was inferred or left out"""


class TfRegressions(TypedDict):
    """numbers"""

    results: List[Any]
    """for each example, its value"""
    notes: NotRequired[List[str]]
    """what was inferred or left out"""


class TfVersionStatus(TypedDict):
    version: str
    state: str
    status: TfVersionStatusStatus


class TfVersionStatusStatus(TypedDict):
    error_code: str
    error_message: str


class TimeEstimate(TypedDict):
    seconds: Union[int, None]
    """from the start of the job to its end, without the queue; null if nothing is known"""
    basis: str
    """what it stands on, or why nothing is known, in words"""
    jobs: List[str]
    """the earlier jobs that it stands on"""


class Traffic(TypedDict):
    """how requests are spread over versions"""

    alias: Union[str, None]
    """null for the bare name"""
    split: List[TrafficShare]
    """versions or aliases (one of both each) and their weights; empty: all requests go where they would without a split"""
    shadow: List[ShadowShare]
    """versions or aliases that predict as well, for a part of the requests; their answers are compared and counted, never returned"""
    stickyHeader: Union[str, None]
    set: Union[TrafficSet, None]
    """null if nothing is set"""
    requests: List[TrafficRequestsItem]
    """answered requests by version, as this process has counted since it started or since the split was set"""
    shadows: List[TrafficShadowsItem]
    """comparisons by version, counted like `requests`"""


class TrafficRequest(TypedDict):
    alias: NotRequired[str]
    """for requests of this alias; if absent, for those of the bare name"""
    split: NotRequired[List[TrafficShare]]
    """versions or aliases (one of both each) and their weights; empty: all requests go where they would without a split"""
    shadow: NotRequired[List[ShadowShare]]
    """versions or aliases that predict as well, for a part of the requests; their answers are compared and counted, never returned"""
    stickyHeader: NotRequired[Union[str, None]]
    reason: NotRequired[str]
    """why, for the history"""


class TrafficRequestsItem(TypedDict):
    version: int
    requests: int


class TrafficSet(TypedDict):
    at: str
    by: str
    """the key of the request, by the first eight digits of its SHA-256, which the data folder's keys.json lists, such as key-1a2b3c4d"""
    reason: Union[str, None]


class TrafficShadowsItem(TypedDict):
    version: int
    compared: int
    """requests whose answers were compared"""
    instances: int
    """images or rows of them"""
    different: int
    """of these, those with another predicted class or, without classes, with another value, beyond rounding"""
    maxDifference: Union[float, None]
    """the largest difference of a probability or value; null if nothing was compared, or the classes are others"""
    dropped: int
    """requests not predicted, for the server was busy"""
    failed: int
    """requests whose prediction failed"""
    incomparable: int
    """requests not predicted, for the version takes other input, or is the one that answered"""


class TrafficShare(TypedDict):
    version: NotRequired[int]
    alias: NotRequired[str]
    """lower-case letters, digits, dash and underscore, a letter first; at most 63 characters. `default` is what the model's bare name serves; `latest` always names the newest version and cannot be set"""
    weight: int
    """its part of the sum of all weights; 0 for none"""


class TrainingOptions(TypedDict):
    epochs: NotRequired[int]
    """length of the training, in passes over the data (default: 10)"""
    steps: NotRequired[int]
    """length of the training in steps, instead of epochs"""
    batchSize: NotRequired[int]
    """images per batch; if absent and there are fewer images to train on, all of them (default: 64)"""
    optimizer: NotRequired[Optimizer]
    """default: {'kind':'adam'}"""
    learningRate: NotRequired[LearningRate]
    """default: {'schedule':'cosine'}"""
    l2: NotRequired[float]
    """adds this times half the sum of squares of the weights, without biases, batch norm and frozen weights, to what is minimized; the metric l2Penalty, not part of loss. If absent, 0.0005 for vgg and 0 for resnet"""
    classWeights: NotRequired[ClassWeights]
    labelSmoothing: NotRequired[float]
    """share of the target probability that is spread evenly over all classes (default: 0)"""
    clipGradients: NotRequired[ClipGradients]
    """default: {}"""
    accumulateSteps: NotRequired[int]
    """batches per step; a step uses the mean of their gradients (default: 1)"""
    shards: NotRequired[int]
    """micro-batches that each batch is divided into, whatever computes them: a step uses the mean of their gradients, and batch norm sees one at a time. If absent, resources.devices times resources.workers. A job with 4 has the same weights on 1, 2 and 4 devices, of one worker or several"""
    ema: NotRequired[WeightsAverage]
    augment: NotRequired[Augmentation]
    """default: {}"""
    seed: NotRequired[int]
    """seed of everything random (default: 1)"""
    split: NotRequired[Union[str, List[str]]]
    """the split of the data set to train on, or several; if absent: train, or without one all but val and test. A data set without splits is used as a whole"""
    validation: NotRequired[ImageValidation]
    """default: 0.1"""
    validateEvery: NotRequired[int]
    """steps between two evaluations; if absent, one epoch. The last step is evaluated too"""
    earlyStopping: NotRequired[EarlyStopping]
    keepBest: NotRequired[KeepBest]
    """default: {}"""
    exportBest: NotRequired[bool]
    """whether the model is the best checkpoint instead of the last step; without validation data, it is the last step (default: true)"""
    shuffleBuffer: NotRequired[int]
    """records in the shuffle buffer of streaming input (default: 2000)"""
    input: NotRequired[Literal['auto', 'in-memory', 'streaming']]
    """in-memory: decodes all images once and keeps them in memory; streaming: reads them from disk; auto: in-memory up to 1 GiB of pixels (default: 'auto')"""
    logEvery: NotRequired[int]
    """steps between two metric points; the last step has one too (default: 1)"""
    checkpointEvery: NotRequired[int]
    """steps between two checkpoints. If neither this nor checkpointSeconds is given, there is one every 60 seconds and after each epoch, or less often if they would take more than 2 % of the time"""
    checkpointSeconds: NotRequired[float]
    """seconds between two checkpoints"""
    keepCheckpoints: NotRequired[int]
    """how many of the newest checkpoints to keep, beside the best (default: 3)"""
    precision: NotRequired[Precision]
    """default: 'fp32'"""
    lossScale: NotRequired[Union[Literal['dynamic'], float]]
    """of precision fp16: by what the loss is multiplied before, and the gradients are divided after, the backward pass. dynamic, the default: halved after a step whose gradients are not finite, which changes no weights, and doubled after 2000 others"""
    memory: NotRequired[Literal['normal', 'low']]
    """low: a step keeps about half of its activations and computes the others again for the gradients, which takes longer (default: 'normal')"""


class UploadSource(TypedDict):
    kind: Literal['upload']
    uploads: List[str]
    """ids of complete resumable uploads, in the order of the files"""


class UrlSource(TypedDict):
    kind: Literal['url']
    url: str
    """http or https, with a public address unless TRAINYARD_FETCH_ALLOW has the host"""
    sha256: NotRequired[str]
    """of the bytes as they are sent, in hex; other bytes are refused"""


class Vgg(TypedDict):
    """the options with all defaults filled in"""

    kind: Literal['vgg']
    depth: NotRequired[Literal[11, 13, 16, 19]]
    """number of layers with weights (default: 16)"""
    batchNorm: NotRequired[bool]
    """batch norm after each convolution (default: false)"""
    dense: NotRequired[Literal['full', 'gap']]
    """full: two dense layers of 4096, for images of at least 224x224 pixels; gap: global average pooling in their place (default: 'full')"""
    dropout: NotRequired[float]
    """dropout rate: share of the values that training sets to 0 before the last layers (default: 0.5)"""


class VggOptions(TypedDict):
    kind: Literal['vgg']
    depth: NotRequired[Literal[11, 13, 16, 19]]
    """number of layers with weights (default: 16)"""
    batchNorm: NotRequired[bool]
    """batch norm after each convolution (default: false)"""
    dense: NotRequired[Literal['full', 'gap']]
    """full: two dense layers of 4096, for images of at least 224x224 pixels; gap: global average pooling in their place (default: 'full')"""
    dropout: NotRequired[float]
    """dropout rate: share of the values that training sets to 0 before the last layers (default: 0.5)"""


class Watch(TypedDict):
    """which requests of a model are kept"""

    model: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    samples: Union[SampleSettings, None]
    """null: no requests are kept"""
    stored: WatchStored
    """the samples on the disk, of all server processes"""
    counts: WatchCounts
    """of this server process since it started"""


class WatchCounts(TypedDict):
    """of this server process since it started"""

    kept: int
    dropped: int
    """not kept, since the disk was full, failed, or was slower than the requests"""
    removed: int
    """files of samples that went for maxBytes or maxAgeDays"""


class WatchRequest(TypedDict):
    samples: Union[WatchRequestSamples, None]
    """null keeps none from now on. maxBytes: 100 MiB, maxAgeDays: 30, inputs: true, unless given"""


class WatchRequestSamples(TypedDict):
    share: float
    """of the answered requests, how many are kept"""
    maxBytes: NotRequired[int]
    """of all samples of the model; beyond it the oldest go"""
    maxAgeDays: NotRequired[int]
    """older samples go"""
    inputs: NotRequired[bool]
    """whether rows and images are kept beside the answers; they may be personal data"""


class WatchStored(TypedDict):
    """the samples on the disk, of all server processes"""

    files: int
    bytes: int


class Webhook(TypedDict):
    """a webhook"""

    id: str
    url: str
    events: List[WebhookEvent]
    labels: Labels
    """only jobs with all of these labels"""
    createdAt: str
    disabled: Union[WebhookDisabled, None]
    """when and why the webhook was disabled; null if it is active"""


class WebhookDisabled(TypedDict):
    at: str
    reason: str


class WebhookPage(TypedDict):
    """a page"""

    items: List[Webhook]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class WebhookRequest(TypedDict):
    url: str
    """an https URL with a public address; if the server has TRAINYARD_WEBHOOKS=private, http and private addresses are possible too"""
    events: NotRequired[List[WebhookEvent]]
    """if absent, all events"""
    labels: NotRequired[Labels]
    """only jobs with all of these labels, and no events of models, which have none"""


class Weights(TypedDict):
    """an uploaded TensorFlow checkpoint"""

    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    createdAt: str
    format: Literal['v1', 'v2']
    """v2: an .index file and .data files; v1: a single file, as TensorFlow wrote before 2017"""
    prefix: str
    """name of the checkpoint, for tf.train.load_checkpoint"""
    bytes: int
    normalize: NotRequired[WeightsNormalization]
    tensors: List[WeightsTensor]


class WeightsAverage(TypedDict):
    decay: NotRequired[float]
    """share of the moving average that a step keeps; smaller in the first steps (default: 0.999)"""


class WeightsChange(TypedDict):
    """weights were uploaded or deleted"""

    id: str
    """where this event is in the stream; the next ones come after it"""
    type: Literal['weights.created', 'weights.deleted']
    timestamp: str
    data: WeightsChangeData


class WeightsChangeData(TypedDict):
    id: str
    name: Union[str, None]
    """null if it cannot be read"""


class WeightsNormalizationObject(TypedDict):
    mean: List[float]
    """what is subtracted, for pixels from 0 to 255; one value for each channel, or one for all"""
    std: List[float]
    """what the difference is divided by, for pixels from 0 to 255; one value for each channel, or one for all"""


class WeightsPage(TypedDict):
    """a page"""

    items: List[WeightsSummary]
    damaged: List[DamagedItem]
    """what cannot be read because a file is damaged, whatever the filter and the page; at most 100. It can be deleted."""
    total: int
    """number of items on all pages"""
    nextCursor: Union[str, None]
    """cursor of the next page; null on the last page"""


class WeightsSummary(TypedDict):
    """an uploaded TensorFlow checkpoint, with the number of its tensors"""

    id: str
    name: str
    """lower-case letters, digits, dot, dash and underscore; at most 63 characters"""
    createdAt: str
    format: Literal['v1', 'v2']
    """v2: an .index file and .data files; v1: a single file, as TensorFlow wrote before 2017"""
    prefix: str
    """name of the checkpoint, for tf.train.load_checkpoint"""
    bytes: int
    normalize: NotRequired[WeightsNormalization]
    tensors: int
    """number of tensors"""


class WeightsTensor(TypedDict):
    name: str
    dtype: str
    shape: List[int]


class Worker(TypedDict):
    """a worker as it reports itself"""

    id: str
    """unique across hosts and restarts"""
    host: str
    """name of its machine or container"""
    pid: int
    """process id on its host"""
    version: str
    """version of Trainyard"""
    startedAt: str
    draining: bool
    """whether it takes no more jobs, since it stops or was asked to"""
    slots: List[WorkerSlotsItem]
    """each runs one job at a time"""
    memory: WorkerMemory
    diskProblem: Union[str, None]
    """why the data folder takes no writes from this worker; null if it does"""
    gpus: List[WorkerGpusItem]
    cpuSeconds: float
    """processor time of the worker process, without its trainers"""
    residentBytes: int
    """memory of the worker process, without its trainers"""
    eventLoopDelaySeconds: float
    """longest hold of its event loop since the report before"""
    cores: NotRequired[int]
    """processor cores of its machine; absent of a worker that is older than it"""
    labels: NotRequired[List[str]]
    """what its operator says of its machine (TRAINYARD_LABELS); absent of a worker that is older than it"""
    features: NotRequired[List[str]]
    """options of jobs that not every version knows, and this one does; absent of a worker that is older than it"""
    engineGpus: NotRequired[int]
    """GPUs that each process of a job may have on the machines of Ray, Kubernetes or Slurm (TRAINYARD_RANK_MAX_GPUS); 0 if the worker trains on its own; absent of a worker that is older than it"""
    gangProblem: NotRequired[Union[str, None]]
    """why it runs no job with `resources.workers` above 1; null if it does; absent of a worker that is older than it"""
    node: NotRequired[str]
    """version of Node; absent of a worker that is older than it"""
    engines: NotRequired[Union[WorkerEngines, None]]
    """null if they are not set up; absent of a worker that is older than it"""
    store: NotRequired[str]
    """the bucket that it uses, or `data folder`: all must have the same; absent of a worker that is older than it"""
    clockOffsetSeconds: NotRequired[Union[float, None]]
    """how far its clock is ahead of that of Redis; negative if it is behind, null if it is not known yet; absent of a worker that is older than it"""


class WorkerEngines(TypedDict):
    """versions of the libraries that train"""

    tensorflow: Union[str, None]
    """null if it is not known"""
    xgboost: Union[str, None]
    """null if it is not known"""


class WorkerGpusItem(TypedDict):
    index: int
    name: str
    utilization: Union[float, None]
    """share of the time in which it computed; null if the card does not say, as with MIG"""
    usedBytes: Union[int, None]
    """null if the card does not say"""
    totalBytes: Union[int, None]
    """null if the card does not say"""


class WorkerList(TypedDict):
    """the workers that are alive, by host"""

    items: List[Worker]


class WorkerMemory(TypedDict):
    limitBytes: Union[int, None]
    """null if there is no limit"""
    reservedBytes: int
    """memory that its running jobs are estimated to take"""
    totalBytes: NotRequired[int]
    """memory of its machine or container; absent of a worker that is older than it"""


class WorkerSlotsItem(TypedDict):
    job: Union[str, None]
    """the job that it runs; null if it is free"""
    gpu: Union[int, None]
    """index of its GPU; null without one"""
    cpuSeconds: float
    """processor time of its trainers since the worker started"""
    residentBytes: int
    """memory of its trainer; 0 if it is free"""


ChangeEvent = Union[JobChange, ProgressChange, DatasetChange, ModelChange, ModelAliasChange, WeightsChange, StreamChange]


ClassWeights = Union[Literal['balanced'], Dict[str, float]]
"""factor of the loss of each record, by the name of its class; a class that is not named has 1. balanced: records / (classes × records of the class), so that all classes count the same. Validation metrics are not weighted"""


ColumnHistogram = Union[NumericHistogram, BooleanHistogram, CategoryHistogram, TextHistogram]
"""how the values of a column are spread"""


Dataset = Union[ImageDataset, TableDataset]
"""a data set"""


DatasetSource = Union[UploadSource, FolderSource, UrlSource, S3Source]


DatasetStep = Union[FilterStep, SampleStep, SplitStep, RelabelStep, LabelStep, DropDuplicatesStep, SelectStep, DropStep, RenameStep, CastStep, JoinStep]


ImageValidation = Union[float, ImageValidation2, ImageValidation3, ImageValidation4]
"""if absent: the split val, if the data set has one; otherwise a share of what is trained on"""


ImportStatus = Literal['receiving', 'fetching', 'waiting', 'converting', 'succeeded', 'failed', 'cancelled', 'interrupted']
"""receiving a form, fetching from a source, waiting for a conversion, converting; then how it ended. interrupted: the server ended meanwhile"""


InitSource = Union[InitSource1, InitSource2, InitSource3]


JobPhase = Literal['preparing', 'training', 'evaluating', 'predicting', 'saving']


JobRequest = Union[NetworkJobRequest, BoostingJobRequest, PredictionJobRequest]


JobStatus = Literal['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']


Labels = Dict[str, str]
"""names and values of your choice, to find jobs by"""


LearningRateSchedule = Union[ConstantRate, StepDecay, ExponentialDecay, CosineDecay, OneCycle]


LearningRate = Union[float, LearningRateSchedule]
"""a schedule, or a number for a constant rate"""


MetricValue = Union[float, Literal['NaN', 'Infinity', '-Infinity']]
"""a number, or one of the texts 'NaN', 'Infinity' and '-Infinity'"""


Model = Union[NetworkModel, BoostingModel]
"""one version of a model"""


ModelContract = Union[NetworkContract, BoostingContract]
"""what a version takes and answers"""


ModelOptions = Union[ResNet, Vgg, Boosting]


NetworkOptions = Union[ResNetOptions, VggOptions]


Optimizer = Union[Sgd, Adam, AdamW, RmsProp]


Precision = Literal['fp32', 'bf16', 'fp16']
"""number format of convolutions and matrix products. bf16 falls back to fp32 on processors without bf16 instructions; fp16 needs a GPU"""


RequestedNormalization = Union[RequestedNormalizationObject, Literal['caffe', 'inception', 'torchvision', 'dataset']]
"""how images are normalized; if absent, as the images of the model, job or weights were; if that is not known, by the mean and deviation of the data set"""


ResolvedNetwork = Union[ResNet, Vgg]


SamplePage = Union[ImageSamplePage, RowSamplePage]
"""images or rows of a data set"""


ServedPrecision = Literal['auto', 'fp32', 'bf16', 'int8']
"""number format that predictions are computed in. auto: bf16 on processors with bf16 instructions, if the loss of accuracy was measured and is within the limit, else fp32. int8 needs to be asked for"""


TableColumn = Union[NumericColumn, CategoryColumn, TextColumn]


TableValidation = Union[float, TableValidation2, TableValidation3, TableValidation4]
"""if absent: the split val, if the data set has one; otherwise a share of what is trained on"""


TagChanges = Dict[str, Union[str, None]]
"""tags to set; null removes one, and tags that are not given stay"""


Tags = Dict[str, str]
"""names and values of your choice, to find versions by"""


WebhookEvent = Literal['job.queued', 'job.running', 'job.paused', 'job.succeeded', 'job.failed', 'job.cancelled', 'model.aliasMoved', 'model.aliasDeleted', 'model.promoted', 'model.rolledBack']


WeightsNormalization = Union[WeightsNormalizationObject, Literal['caffe', 'inception', 'torchvision']]
