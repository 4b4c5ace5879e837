// The planner process: builds a job's graph, answers with its size, and ends. It does not load
// TensorFlow. It is a process because a graph of a thousand layers would block the API's event loop.
import { GraphError } from '../src/graph/graph-error.js'
import type { FromPlanner, PlannerTask } from '../src/spec/ipc-messages.js'
import { stepMemory } from '../src/training/memory.js'
import { buildTrainingProgram } from '../src/training/program.js'

process.once('message', (task: PlannerTask) => {
  process.send?.(answer(task), () => process.disconnect())
})

function answer({ job, dataset, records }: PlannerTask): FromPlanner {
  try {
    const program = buildTrainingProgram({
      model: job.model,
      images: dataset,
      classes: dataset.labels.length,
      plan: job.training,
      records,
      freeze: job.freeze ?? [],
    })
    return { size: { parameters: program.parameters, ...stepMemory(program) } }
  } catch (error) {
    // the same error that a trainer would meet
    if (error instanceof GraphError) {
      return { error: error.message }
    }
    throw error
  }
}
