import { answerTasks } from '../../src/ipc/answer-parent.js'

export interface KeptTask {
  behavior: 'pid' | 'fail' | 'exit' | 'hang'
}

answerTasks<KeptTask, number>(({ behavior }) => {
  if (behavior === 'fail') throw new Error('the task is wrong')
  if (behavior === 'exit') process.exit(3)
  if (behavior === 'hang') return new Promise(() => {})
  return process.pid
})
