// The process that explains what networks predict: it keeps their gradients beside their weights, which predictors do
// not need, and computes in float32.
import { lru } from 'tiny-lru'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import { answerTasks } from '../src/ipc/answer-parent.js'
import type { ImageExplanationAnswer, ImageExplanationTask } from '../src/spec/ipc-messages.js'
import { ExplainingModel } from './prediction/explaining-model.js'

/** Models in memory; each has its weights once. */
const maxModels = 4

/** By folder. */
const models = lru<ExplainingModel>(maxModels).onEvict(({ value }) => value.close())

answerTasks(async (task: ImageExplanationTask): Promise<ImageExplanationAnswer> => {
  const cached = models.get(task.folder)
  if (cached) return cached.explain(task)
  const model = await ExplainingModel.open(loadTensorFlow(), task)
  models.set(task.folder, model)
  return model.explain(task)
})
