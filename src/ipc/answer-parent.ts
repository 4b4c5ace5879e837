import type { WireError } from '../spec/ipc-messages.js'
import { encodeError } from './wire-error.js'

export type ChildAnswer<Answer> = { answer: Answer } | { error: WireError }

/** The child's side of `askChild`: answers one task with the result or the error of `handle`, then disconnects. */
export function answerParent<Task, Answer>(handle: (task: Task) => Answer | Promise<Answer>): void {
  process.once('message', async (task: Task) => {
    const message = await respond(() => handle(task))
    process.send?.(message, () => process.disconnect())
  })
}

/** The child's side of `KeptChild`: answers one task after the other, and ends when its parent disconnects. */
export function answerTasks<Task, Answer>(handle: (task: Task) => Answer | Promise<Answer>): void {
  process.on('message', async (task: Task) => {
    const message = await respond(() => handle(task))
    process.send?.(message, () => {})
  })
  // native code may have threads that would keep the process alive
  process.once('disconnect', () => process.exit())
}

async function respond<Answer>(
  handle: () => Answer | Promise<Answer>,
): Promise<ChildAnswer<Answer>> {
  try {
    return { answer: await handle() }
  } catch (error) {
    return { error: encodeError(error) }
  }
}
