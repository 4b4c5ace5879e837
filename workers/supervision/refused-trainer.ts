import type { Trainer } from './trainer-gang.js'
import type { TrainerExit, TrainerListener } from './trainer-process.js'

/**
 * In place of a trainer that may not be started here: the job fails with the reason. A worker takes no such job, but
 * nothing else keeps the ports of a gang from being opened.
 */
export class RefusedTrainer implements Trainer {
  readonly exit: Promise<TrainerExit>
  private end!: () => void

  constructor(private readonly reason: string) {
    const exit = {
      code: 0,
      signal: null,
      lost: null,
      outputTail: [],
      error: null,
      killReason: null,
    }
    this.exit = new Promise(resolve => {
      this.end = () => resolve(exit)
    })
  }

  listen(listener: TrainerListener): void {
    // its caller is ready for messages when it has returned
    queueMicrotask(() => {
      listener.onMessage({ type: 'failed', code: 'invalid', message: this.reason })
      this.end()
    })
  }

  start(): void {}
  grantMemory(): void {}
  stop(): void {}
  kill(): void {}

  usage(): null {
    return null
  }
}
