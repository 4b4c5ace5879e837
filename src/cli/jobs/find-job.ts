import leven from 'leven'
import type { Client } from '../../client/client.js'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, usageError } from '../failure.js'
import { countOf } from '../terminal/format.js'

/** For the help of each command that takes a job. */
export const jobArgument = 'id of a job, the beginning of its id, its name, or `latest`'

/** `isJobId` of the API comes with its schemas, which take long to load. */
const isJobId = (text: string) => /^job-[0-9a-z]{26}$/.test(text)

/** What can be a part of a query: nothing else is an id or a name. */
const idOrName = /^[a-z0-9][a-z0-9._-]{0,62}$/

/**
 * The job that a person names: by its id, by the beginning of its id, by its name (the newest one that has it), or as
 * `latest`. stderr says which job a name stands for.
 */
export async function findJob(cli: Cli, client: Client, reference: string): Promise<Job> {
  if (isJobId(reference)) return client.jobs.get(reference)
  if (reference === 'latest') {
    const { items } = await client.jobs.list({ limit: '1' })
    if (!items[0]) throw noJob('there is no job yet; `trainyard submit` makes one')
    return tell(cli, items[0], 'the newest job')
  }
  if (!idOrName.test(reference)) throw await unknownJob(client, reference)
  const [named, begun] = await Promise.all([
    client.jobs.list({ where: `name=${reference}`, limit: '1' }),
    client.jobs.list({ where: `id^=${reference}`, limit: '5' }),
  ])
  if (named.items[0]) {
    const { total } = named
    const others = total === 1 ? '' : `, the newest of ${countOf(total, 'job')} of this name`
    return tell(cli, named.items[0], `${reference}${others}`)
  }
  if (begun.total > 1) throw ambiguous(reference, begun.items, begun.total)
  if (!begun.items[0]) throw await unknownJob(client, reference)
  return begun.items[0]
}

/** The jobs in the order of their first mention, each once. */
export async function findJobs(
  cli: Cli,
  client: Client,
  references: readonly string[],
): Promise<Job[]> {
  const found = new Map<string, Job>()
  for (const reference of references) {
    const job = await findJob(cli, client, reference)
    found.set(job.id, job)
  }
  return [...found.values()]
}

function tell(cli: Cli, job: Job, what: string): Job {
  cli.output.note(`${job.id} (${what})`)
  return job
}

function ambiguous(reference: string, jobs: readonly Job[], total: number): CommandError {
  const lines = jobs.map(({ id, name }) => `  ${id}  ${name}`)
  if (total > jobs.length) lines.push(`  and ${total - jobs.length} more`)
  const head = `'${reference}' is the beginning of ${countOf(total, 'id')}; name one of them:`
  return usageError([head, ...lines].join('\n'))
}

async function unknownJob(client: Client, reference: string): Promise<CommandError> {
  const { items } = await client.jobs.list({ limit: '200', fields: 'name' })
  const names = [...new Set(items.map(({ name }) => name))]
  const distance = (name: string) => leven(reference.slice(0, 64), name)
  const [closest] = names.sort((a, b) => distance(a) - distance(b))
  const isClose = closest !== undefined && distance(closest) <= closest.length / 3
  const cure = isClose ? `did you mean ${closest}?` : '`trainyard ls` lists the jobs'
  return noJob(`there is no job '${reference}'; ${cure}`)
}

const noJob = (message: string) => new CommandError(message, exitCodes.notFound)
