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

async function respond<Answer>(
  handle: () => Answer | Promise<Answer>,
): Promise<ChildAnswer<Answer>> {
  try {
    return { answer: await handle() }
  } catch (error) {
    return { error: encodeError(error) }
  }
}
