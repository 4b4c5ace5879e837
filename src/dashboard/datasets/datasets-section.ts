import DatasetView from './dataset/dataset-view.js'
import DatasetsView from './datasets-view.js'
import NewDatasetView from './upload/new-dataset-view.js'

/** The views of data sets, as one file: who looks at their list opens one next. */
export const datasetsSection = { all: DatasetsView, one: DatasetView, create: NewDatasetView }
