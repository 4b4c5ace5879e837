// The entry point of the process that `Previews` keeps.
import { answerTasks } from '../../ipc/answer-parent.js'
import { withStorageErrors } from '../../store/storage-errors.js'
import {
  asImages,
  asTable,
  readStoredDataset,
  type StoredDataset,
} from '../stored/stored-dataset.js'
import { drawSheet, layOut } from './contact-sheet.js'
import { computeHistograms } from './histograms.js'
import { imageContent } from './image-content.js'
import { listImages } from './image-page.js'
import type { PreviewOperation, PreviewOperations, PreviewTask } from './preview-tasks.js'
import { readRows } from './table-rows.js'

type Operations = {
  [Operation in PreviewOperation]: (
    dataset: StoredDataset,
    input: PreviewOperations[Operation][0],
  ) => PreviewOperations[Operation][1] | Promise<PreviewOperations[Operation][1]>
}

const operations: Operations = {
  images: (dataset, input) => listImages(asImages(dataset), input),
  image: (dataset, input) => imageContent(asImages(dataset), input),
  sheet: (dataset, layout) => layOut(asImages(dataset), layout),
  sheetImage: async (dataset, layout) => ({ content: await drawSheet(asImages(dataset), layout) }),
  rows: (dataset, input) => readRows(asTable(dataset), input),
  histograms: (dataset, input) => ({ histograms: computeHistograms(asTable(dataset), input) }),
}

async function answer<Operation extends PreviewOperation>(task: PreviewTask<Operation>) {
  const dataset = await readStoredDataset(task.folder, task.key)
  return operations[task.operation](dataset, task.input)
}

answerTasks<PreviewTask, unknown>(task => withStorageErrors(() => answer(task)))
