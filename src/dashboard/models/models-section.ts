import ModelView from './model-view.js'
import ModelsView from './models-view.js'

/** The views of models, as one file: who looks at their list opens one next. */
export const modelsSection = { all: ModelsView, one: ModelView }
