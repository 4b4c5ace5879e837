// A child process that behaves as its task tells it (see ask-child.test.ts).
import { setImmediate } from 'node:timers/promises'
import { TrainyardError } from '../../src/errors.js'
import { answerParent } from '../../src/ipc/answer-parent.js'

export interface ChildTask {
  behavior: 'echo' | 'fail' | 'bug' | 'exit' | 'abort' | 'hang' | 'stop' | 'largeAnswer' | 'warn'
  data?: Float32Array
}

answerParent(async ({ behavior, data }: ChildTask) => {
  switch (behavior) {
    case 'echo':
      return { pid: process.pid, data, flags: process.execArgv, secret: process.env.SECRET }
    case 'fail':
      throw new TrainyardError('DATASET_ROW', 'row 5 is wrong', {
        cause: new Error('the cause'),
      })
    case 'bug':
      throw new TypeError('x is not a function')
    case 'exit':
      return process.exit(7)
    case 'abort':
      return process.abort()
    case 'hang':
      for (;;);
    case 'stop':
      process.kill(process.pid, 'SIGSTOP')
      return { pid: process.pid }
    case 'warn':
      process.emitWarning('it is slow', 'TrainyardWarning')
      process.emitWarning('it is experimental', 'ExperimentalWarning')
      await setImmediate()
      return { pid: process.pid }
    case 'largeAnswer':
      return { pid: process.pid, data: new Float32Array(4_000_000).fill(5) }
  }
})
