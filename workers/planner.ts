// The planner process: builds a job's graph, answers with its size, and ends. It does not load
// TensorFlow. It is a process because a graph of a thousand layers would block the API's event loop.
import { fieldError, TrainingFailure } from '../src/errors.js'
import { GraphError } from '../src/graph/graph-error.js'
import { answerParent } from '../src/ipc/answer-parent.js'
import { invalidJob } from '../src/planning/errors.js'
import type { JobSize, PlannerTask } from '../src/spec/ipc-messages.js'
import { devicesOf, workersOf } from '../src/spec/resources.js'
import { deviceNames } from '../src/training/devices.js'
import { stepMemory } from '../src/training/memory.js'
import { buildTrainingProgram } from '../src/training/program.js'

answerParent(({ job, dataset, records, checkpointTensors }: PlannerTask): JobSize => {
  try {
    const program = buildTrainingProgram({
      model: job.model,
      images: dataset,
      classes: dataset.labels.length,
      plan: job.training,
      records,
      freeze: job.freeze ?? [],
      checkpointTensors,
      // an attempt may have fewer, which takes less memory
      devices: deviceNames(job.training, 'cpu', {
        workers: workersOf(job),
        devices: devicesOf(job),
      }),
    })
    const { parameters, initialized, frozenRandom } = program
    return { parameters, initialized, frozenRandom, ...stepMemory(program) }
  } catch (error) {
    if (error instanceof TrainingFailure && error.code === 'init_nothing_matches')
      throw invalidJob([fieldError('/initFrom', 'nothing_matches', error.message)])
    // RangeError: the graph is too deep for the stack, or a list too long for V8
    if (!(error instanceof GraphError || error instanceof RangeError)) throw error
    // The trainer would find the same, after the job has waited in the queue.
    throw invalidJob([fieldError('', 'cannot_be_built', error.message)])
  }
})
