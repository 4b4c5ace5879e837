import type { Command } from 'commander'
import { type Client, ConnectionError } from '../../client/client.js'
import type { Job, JobRequest } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { isRefused } from '../failure.js'
import { parseWholeNumber, repeated } from '../option-values.js'
import { countOf } from '../terminal/format.js'
import { wrapLines } from '../terminal/wrap.js'
import { type RequestOptions, readRequest } from './job-request.js'
import { kindText, unitOf } from './job-words.js'
import { planText } from './plan-text.js'
import { watchJob } from './watch-job.js'

interface SubmitOptions extends RequestOptions {
  dryRun?: boolean
  watch?: boolean
  idempotencyKey?: string
}

/** `trainyard submit`: a job from a file or from options. */
export function addSubmit(program: Command, cli: Cli): void {
  program
    .command('submit')
    .argument('[file]', 'the job as JSON, as POST /jobs takes it; `-` reads stdin')
    .summary('submit a job')
    .description(
      'Submit a job from a file, from options, or from a file that options change, and print its id.',
    )
    .option('--set <path=value>', settingHelp, repeated)
    .option('--name <name>', 'name of the job, and of the model that it publishes')
    .option('--model <kind>', 'resnet, vgg or boosting')
    .option('--dataset <name>', 'data set, by name or id')
    .option('--label <name=value>', 'a label, to find the job by; repeat it for more', repeated)
    .option('--priority <number>', 'from -100 to 100; higher goes first', parseWholeNumber)
    .option('-w, --watch', 'follow the job until it ends, as `trainyard watch` does')
    .option('--dry-run', 'show what the job would be, and submit nothing')
    .option(
      '--idempotency-key <key>',
      'submissions with the same key make one job, however often a script repeats them',
    )
    .addHelpText('after', examples)
    .action(async (file: string | undefined, options: SubmitOptions) => {
      const request = (await readRequest(file, options, process.stdin)) as unknown as JobRequest
      const client = await cli.client()
      if (options.dryRun) {
        cli.output.result(await client.jobs.plan(request), plan => planText(plan, cli.output))
        return
      }
      const job = await submit(cli, client, request, options.idempotencyKey)
      if (options.watch && cli.output.isJson) return watchJob(cli, client, job)
      cli.output.result(job, ({ id }) => id)
      describeJob(cli, job, options.watch === true)
      if (options.watch) await watchJob(cli, client, job)
    })
}

const settingHelp =
  'set a field, such as training.steps=300 or freeze[0]=resnet/conv_0/*; the value is JSON, or text; repeat it for more'

const examples = `
Examples:
  trainyard submit --model resnet --dataset digits --set training.epochs=3 -w
  trainyard submit job.json --set training.learningRate.peak=0.001 --dry-run
  trainyard show digits --json | jq .request | trainyard submit - --name digits-again`

/** While a server restarts. */
const retryForMs = 30_000

/** Both tries have the same key, so they make one job. */
async function submit(
  { output }: Cli,
  client: Client,
  request: JobRequest,
  idempotencyKey: string = crypto.randomUUID(),
): Promise<Job> {
  try {
    return await client.jobs.submit(request, { idempotencyKey })
  } catch (error) {
    if (!(error instanceof ConnectionError) || isRefused(error)) throw error
    output.note('The connection broke. Sending the job again; it stays one job.')
    return client.jobs.submit(request, { idempotencyKey, retryForMs })
  }
}

function describeJob({ output }: Cli, job: Job, isWatched: boolean): void {
  const { name, dataset, progress, notes } = job
  const steps = countOf(progress.steps, unitOf(job))
  output.note(`${name}: ${kindText(job)} on ${dataset.name}, ${steps}`)
  for (const { message, code } of notes) {
    for (const line of wrapLines(`note: ${message} (${code})`, output.width)) output.note(line)
  }
  if (!isWatched) output.note(`Follow it: trainyard watch ${job.id}`)
}
