import type { Command } from 'commander'
import { type Client, ProblemError } from '../../client/client.js'
import type { Predictor } from '../../client/prediction-calls.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { assertFree, saveText } from '../files/save.js'
import { parseCount } from '../option-values.js'
import { countOf } from '../terminal/format.js'
import { ProgressBar } from '../terminal/progress-bar.js'
import { table } from '../terminal/table.js'
import { wrap } from '../terminal/wrap.js'
import { type Answer, joinAnswers, withFiles } from './answers.js'
import { listInputs } from './input-files.js'
import { joinFiles } from './joined-files.js'
import { limitsOf, type PredictionRequest, requestsOf } from './prediction-requests.js'
import { predictionColumns } from './prediction-table.js'
import { addPredictorOptions, choosePredictor, type PredictorFlags } from './predictor-options.js'

const formats = ['table', 'json', 'csv', 'arrow'] as const
type Format = (typeof formats)[number]

interface PredictFlags extends PredictorFlags {
  topK?: number
  outputs?: string
  format?: string
  output?: string
  force?: boolean
  ignoreUnknownColumns?: boolean
}

/** `trainyard predict`: predictions for images or rows. */
export function addPredict(program: Command, cli: Cli): void {
  const command = program
    .command('predict')
    .summary('predict classes of images, or values of rows')
    .description('Predict classes of images, or values of rows.')
    .argument('[model]', 'its name, if wanted with a version or alias: digits@3; none with --job')
    .argument(
      '[file...]',
      'images, folders of images, or CSV, JSON, JSON Lines, Parquet or Arrow; - is stdin',
    )
  addPredictorOptions(command)
    .option('-k, --top-k <count>', 'list so many of the most probable classes', parseCount)
    .option('--outputs <list>', 'some of label, probability, probabilities and logits')
    .option('-f, --format <format>', `${formats.join(', ')}; by default as FILE ends, or a table`)
    .option('-o, --output <file>', 'write the predictions to a file')
    .option('--force', 'replace a file that is there')
    .option('--ignore-unknown-columns', 'pass over columns that the model does not know')
    .action((model: string | undefined, files: string[], flags: PredictFlags) =>
      predict(cli, model, files, flags),
    )
}

async function predict(
  cli: Cli,
  model: string | undefined,
  files: string[],
  flags: PredictFlags,
): Promise<void> {
  const { of, query, inputs } = choosePredictor(model, files, flags)
  const format = formatOf(cli, flags)
  const { output: path, force = false } = flags
  if (path !== undefined) await assertFree(path, { force })
  if (format === 'arrow' && path === undefined && cli.streams.stdout.isTTY) {
    throw usageError('Arrow is no text: name a file by -o, such as -o predictions.arrow')
  }
  const client = await cli.client()
  const names = await listInputs(cli, inputs)
  const asked: Query = {
    ...query,
    ...(flags.topK !== undefined && { topK: flags.topK }),
    ...(flags.outputs !== undefined && { outputs: flags.outputs }),
    ...(flags.ignoreUnknownColumns && { unknownColumn: 'ignore' }),
    ...((format === 'csv' || format === 'arrow') && { format }),
  }
  const answers = await ask(cli, client, of, names, asked, format === 'table')
  const content = await contentOf(cli, answers, format, path)
  if (path === undefined) cli.streams.stdout.write(content)
  else {
    await saveText(path, content, { force })
    cli.output.note(`${path}: predictions of ${countOf(names.length, 'file')}`)
  }
}

function formatOf({ output: { isJson } }: Cli, { format, output }: PredictFlags): Format {
  if (isJson) return 'json'
  const named = format ?? /\.(json|csv|arrow)$/i.exec(output ?? '')?.[1]?.toLowerCase() ?? 'table'
  const known = formats.find(each => each === named)
  if (known) return known
  throw usageError(`--format is '${named}', expected ${formats.join(', ')}`)
}

type Query = Record<string, string | number>

interface AskedAnswer {
  request: PredictionRequest
  answer: Response
}

async function ask(
  cli: Cli,
  client: Client,
  of: Predictor,
  names: readonly string[],
  query: Query,
  /** A table shows no probabilities of all classes, of which there may be thousands. */
  isTable: boolean,
): Promise<AskedAnswer[]> {
  const { version, alias } = query as { version?: number; alias?: string }
  const choice = {
    ...(version !== undefined && { version }),
    ...(alias !== undefined && { alias }),
  }
  const limits = await limitsOf(client, of, choice)
  let asked =
    isTable && limits.kind === 'images' ? { outputs: 'label,probability', ...query } : query
  const bar = new ProgressBar(cli.streams.stderr, cli.environment)
  const answers: AskedAnswer[] = []
  let done = 0
  try {
    for await (const request of requestsOf(names, limits)) {
      cli.interrupted.throwIfAborted()
      try {
        const answer = await client.predictions.predict(of, request.body, asked, {
          signal: cli.interrupted,
        })
        answers.push({ request, answer: await held(answer) })
        if (answers.length === 1) asked = await pinned(asked, answers[0]!.answer)
      } catch (error) {
        throw atFile(error, request)
      }
      done += request.body instanceof FormData ? request.files.length : 0
      bar.draw({
        what: 'predicting',
        fraction: names.length > 1 ? done / names.length : null,
        amount: `${done} of ${countOf(names.length, 'file')}`,
        rate: null,
        secondsLeft: null,
      })
    }
  } finally {
    bar.clear()
  }
  return answers
}

/** All requests get the version that answered the first, also if an alias moves meanwhile. */
async function pinned({ alias, ...query }: Query, answer: Response): Promise<Query> {
  const header = answer.headers.get('model-version')
  const isJson = answer.headers.get('content-type')?.startsWith('application/json')
  const version = isJson ? ((await answer.clone().json()) as Answer).version : Number(header)
  return version ? { ...query, version } : { ...query, ...(alias !== undefined && { alias }) }
}

/** The answer, all of which has arrived: connections that wait are closed. */
async function held(answer: Response): Promise<Response> {
  return new Response(await answer.arrayBuffer(), { headers: answer.headers })
}

async function contentOf(
  cli: Cli,
  asked: readonly AskedAnswer[],
  format: Format,
  path: string | undefined,
): Promise<string | Uint8Array> {
  if (format === 'csv' || format === 'arrow') {
    const [first] = asked
    sayNotes(cli, JSON.parse(first?.answer.headers.get('prediction-notes') ?? '[]'))
    return joinFiles(
      asked.map(({ answer }) => answer),
      format,
    )
  }
  const answers: Answer[] = []
  for (const { request, answer } of asked) {
    answers.push(withFiles((await answer.json()) as Answer, request))
  }
  const all = joinAnswers(answers)
  if (format === 'json') return `${JSON.stringify(all, null, 2)}\n`
  sayNotes(cli, all.notes)
  const { output } = cli
  const width = path === undefined ? output.width : Number.POSITIVE_INFINITY
  const bold = (text: string) => (path === undefined ? output.style('bold', text) : text)
  return `${table(all.predictions, predictionColumns(all), width, bold)}\n`
}

function sayNotes({ output }: Cli, notes: readonly { message: string }[]): void {
  for (const { message } of notes) output.note(wrap(message, output.width, 'note: '))
}

/** The error of a request with the names of its files. */
function atFile(error: unknown, { files, body, firstRow }: PredictionRequest): unknown {
  if (!(error instanceof ProblemError)) return error
  const { detail, errors = [] } = error.problem
  const isForm = body instanceof FormData
  const counted = firstRow === 0 ? '' : `, counted from row ${firstRow}`
  const named = errors.map(({ path, ...rest }) => {
    const index = /^\/(\d+)(?:\/|$)/.exec(path)?.[1]
    const file = isForm ? index && files[Number(index)] : files[0]
    return {
      ...rest,
      path: file === undefined ? path : isForm ? file : `${file} ${path}${counted}`,
    }
  })
  const about = isForm ? (named.length === 1 ? named[0]!.path : null) : `${files[0]}${counted}`
  const problem = { ...error.problem, errors: named }
  return new ProblemError(about === null ? problem : { ...problem, detail: `${about}: ${detail}` })
}
