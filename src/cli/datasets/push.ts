import type { Command } from 'commander'
import { ProblemError } from '../../client/client.js'
import { type LeftOut, type LeftOutReason, leftOutReasons } from '../../client/local/found-files.js'
import { formatBytes } from '../../presentation/units.js'
import type { DatasetRequest } from '../../spec/dataset-request.js'
import type { Cli } from '../cli.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError, failureOf } from '../failure.js'
import { repeated } from '../option-values.js'
import { countOf } from '../terminal/format.js'
import { ProgressBar } from '../terminal/progress-bar.js'
import { describeDataset, nextCommand } from './describe-dataset.js'
import type { Made } from './making.js'
import { type PushPlan, planPush } from './push-plan.js'
import { PushRun } from './push-run.js'
import { parseSet } from './set-options.js'

interface PushFlags {
  name?: string
  target?: string
  set?: string[]
}

/** `trainyard datasets push`: makes a data set of files of this machine, or of URLs. */
export function addPush(group: Command, cli: Cli): void {
  group
    .command('push')
    .summary('make a data set of a folder of images, of files, or of URLs')
    .description(
      [
        'Makes a data set.',
        'A folder of images has a folder for each class (flowers/roses/1.jpg), if you want within train, val and test.',
        'A table is a CSV, Parquet, Arrow, JSON or Excel file. Several files are one data set, such as an IDX pair.',
        'URLs (https://, s3://) are fetched by the server.',
        'After a lost connection, or Ctrl-C, the same command goes on where it was.',
      ].join('\n'),
    )
    .argument('<input...>', 'a folder, files, or URLs')
    .option('-n, --name <name>', 'the name of the data set; by default that of the folder or file')
    .option('--target <column>', 'of a table: the column to predict')
    .option(
      '-s, --set <key=value>',
      'an option of the server, such as resize=224, onError=skip, splits.val=0.1 or schema.zip=category; may be repeated',
      repeated,
    )
    .action(async (inputs: string[], flags: PushFlags) => push(cli, inputs, flags))
}

async function push(cli: Cli, inputs: readonly string[], flags: PushFlags): Promise<void> {
  const options = parseSet(flags.set ?? [])
  const bar = new ProgressBar(cli.streams.stderr, cli.environment)
  const onCount = (count: number) =>
    bar.draw({
      what: `looking for files: ${count}`,
      fraction: null,
      amount: '',
      rate: null,
      secondsLeft: null,
    })
  const plan = await planPush(inputs, onCount, cli.interrupted)
  bar.clear()
  sayWhatIsLeftOut(cli, plan.leftOut)
  const request: DatasetRequest = {
    ...options,
    name: flags.name ?? plan.name,
    ...(flags.target !== undefined && { target: flags.target }),
  }
  cli.output.note(`${summaryOf(plan)} → data set '${request.name}'`)
  const run = new PushRun(cli, bar, plan, request)
  try {
    const made = await run.run()
    bar.clear()
    report(cli, made)
  } catch (error) {
    bar.clear()
    throw cli.interrupted.aborted ? interrupted(run) : explained(error, run)
  }
}

const summaryOf = ({ contents, sources, files }: PushPlan) =>
  sources.length > 0
    ? `${countOf(files, 'URL')} that the server fetches`
    : `${countOf(files, 'file')}, ${formatBytes(contents.reduce((sum, { bytes }) => sum + bytes, 0))}`

function sayWhatIsLeftOut(cli: Cli, leftOut: LeftOut): void {
  for (const [reason, { count, examples }] of Object.entries(leftOut)) {
    const names = `${examples.join(', ')}${count > examples.length ? ', …' : ''}`
    cli.output.note(
      `left out: ${countOf(count, 'file')} (${leftOutReasons[reason as LeftOutReason]}): ${names}`,
    )
  }
}

function report(cli: Cli, { dataset, created }: Made): void {
  const { output } = cli
  output.result({ ...dataset, created }, () => describeDataset(dataset, output))
  if (created === false) {
    output.note('\nThe same content was there already: nothing is stored twice.')
  }
  output.note(`\nTrain on it: ${nextCommand(dataset)}`)
}

const interrupted = (run: PushRun) =>
  new CommandError(`stopped. ${run.afterStop()}`, exitCodes.interrupted)

/** Errors in the files, with what the user can do about them. */
function explained(error: unknown, run: PushRun): unknown {
  if (!(error instanceof ProblemError)) return error
  const { message, exitCode } = failureOf(error)
  const { code } = error.problem
  const hints: string[] = []
  if (skippable.test(code)) {
    hints.push(
      'To leave such images and rows out: --set onError=skip (up to 1 % of them; --set maxSkipped=0.05 for more)',
    )
  }
  const kept = run.afterFailure(error.problem.status)
  if (kept !== null) hints.push(kept)
  return new CommandError([message, ...hints].join('\n'), exitCode, { cause: error })
}

const skippable = /^DATASET_(IMAGE|TRUNCATED|VALUE|ROW|LABELS|DIMENSIONS)$/
