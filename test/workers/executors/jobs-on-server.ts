import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobRecords } from '../../../src/jobs/record/records.js'
import type { Job } from '../../../src/spec/job.js'
import type { TestServer } from '../../../testing/test-server.js'

/** Small jobs on a server, and what the tests of executors ask of them. */
export class JobsOnServer {
  readonly records: JobRecords

  constructor(protected readonly server: TestServer) {
    this.records = new JobRecords(server.store)
  }

  async submit(training: object, resources?: object): Promise<string> {
    const model = { kind: 'resnet', blocks: 1, filters: 4 }
    const plan = { batchSize: 8, ...training }
    const request = { model, dataset: 'shades', training: plan, ...(resources && { resources }) }
    const { body, status, text } = await this.server.api.post('/jobs').send(request)
    if (status !== 202) throw new Error(text)
    return body.id
  }

  async job(id: string): Promise<Job> {
    return (await this.server.api.get(`/jobs/${id}`)).body
  }

  async log(id: string): Promise<string> {
    return (await this.server.api.get(`/jobs/${id}/logs`).set('accept', 'text/plain')).text
  }

  /** The last step that has a row. */
  async step(id: string): Promise<number> {
    return (await this.job(id)).progress.step
  }

  async weights(id: string): Promise<Buffer> {
    const { model } = (await this.job(id)).result!
    const folder = join(this.server.folder, 'data', 'models', model.id, String(model.version))
    return readFile(join(folder, 'saved_model', 'variables', 'variables.data-00000-of-00001'))
  }

  /** The steps of all rows of the loss. */
  async steps(id: string): Promise<number[]> {
    const { body } = await this.server.api.get(`/jobs/${id}/metrics?names=loss&limit=10000`)
    return body.points.loss.map(({ step }: { step: number }) => step)
  }
}
