// The planner process: how large a job would be, from its graph. Loads no TensorFlow, and ends with
// its answer; the API's event loop must not wait for a graph of a thousand layers.
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
    // what the trainer would find is found here
    if (error instanceof GraphError) {
      return { error: error.message }
    }
    throw error
  }
}
