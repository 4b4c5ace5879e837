import type { WireError } from '../spec/ipc-messages.js'
import { encodeError } from './wire-error.js'

export type ChildAnswer<Answer> = { answer: Answer } | { error: WireError }

/** How far a task is, before its answer. */
export interface ChildProgress<Progress> {
  progress: Progress
}

/** What the child's process has warned of: a Node.js warning of type TrainyardWarning. */
export interface ChildWarning {
  warning: string
}

/** Sends progress to the parent; it also leaves while the child works without a pause. */
export type SendProgress<Progress> = (progress: Progress) => void

/** The child's side of `askChild`: answers one task with the result or the error of `handle`, then disconnects. */
export function answerParent<Task, Answer, Progress = never>(
  handle: (task: Task, send: SendProgress<Progress>) => Answer | Promise<Answer>,
): void {
  process.on('warning', ({ name, message }) => {
    if (name !== 'TrainyardWarning') return
    process.send?.({ warning: message } satisfies ChildWarning, () => {})
  })
  process.once('message', async (task: Task) => {
    const send = (progress: Progress) => {
      process.send?.({ progress } satisfies ChildProgress<Progress>, () => {})
    }
    const message = await respond(() => handle(task, send))
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
