import { basename, extname } from 'node:path'
import type { Command } from 'commander'
import { formatBytes } from '../../presentation/units.js'
import type { ImageExplanations, RowExplanations } from '../../spec/explanation.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { assertFree, saveBody, saveText } from '../files/save.js'
import { parseCount } from '../option-values.js'
import { formatMetric } from '../terminal/format.js'
import { printable } from '../terminal/printable.js'
import { type Column, table } from '../terminal/table.js'
import { wrap } from '../terminal/wrap.js'
import { listInputs } from './input-files.js'
import { limitsOf, type PredictionRequest, requestsOf } from './prediction-requests.js'
import { addPredictorOptions, choosePredictor, type PredictorFlags } from './predictor-options.js'

interface ExplainFlags extends PredictorFlags {
  method?: string
  target?: string
  layer?: string
  steps?: number
  mapOnly?: boolean
  output?: string
  force?: boolean
}

/** `trainyard explain`: what in an image or row speaks for a class. */
export function addExplain(program: Command, cli: Cli): void {
  const command = program
    .command('explain')
    .summary('show what in an image or row speaks for a class')
    .description(
      'Show what speaks for a class: of an image as a picture, of rows what each column adds.',
    )
    .argument('[model]', 'its name, if wanted with a version or alias: digits@3; none with --job')
    .argument('[file...]', 'one image, or one file of rows; - is stdin')
  addPredictorOptions(command)
    .option('--target <class>', 'the class to explain; by default the one that is predicted')
    .option('--method <method>', 'of networks: gradCam (the default) or integratedGradients')
    .option('--layer <layer>', 'gradCam: the layer to look at')
    .option(
      '--steps <count>',
      'integratedGradients: into how many parts the path is divided',
      parseCount,
    )
    .option('--map-only', 'of an image: the heat map alone, not over the image')
    .option(
      '-o, --output <file>',
      'where the picture is written; by default NAME.explained.png here',
    )
    .option('--force', 'replace a file that is there')
    .action((model: string | undefined, files: string[], flags: ExplainFlags) =>
      explain(cli, model, files, flags),
    )
}

async function explain(
  cli: Cli,
  model: string | undefined,
  files: string[],
  flags: ExplainFlags,
): Promise<void> {
  const { of, query: choice, inputs } = choosePredictor(model, files, flags)
  if (inputs.length > 1) throw usageError('explain takes one file; call it once for each')
  const client = await cli.client()
  const [name] = await listInputs(cli, inputs)
  const limits = await limitsOf(client, of, choice)
  const { target, method, layer, steps } = flags
  const query = {
    ...choice,
    ...(target !== undefined && { target }),
    ...(method !== undefined && { method }),
    ...(layer !== undefined && { layer }),
    ...(steps !== undefined && { steps }),
  }
  const request = await theRequest(requestsOf([name!], limits), name!)
  const signal = cli.interrupted
  if (limits.kind === 'rows') {
    const answer = await client.predictions.explain(of, request.body, query, { signal })
    return showRows(cli, (await answer.json()) as RowExplanations)
  }
  if (cli.output.isJson && flags.output === undefined) {
    const answer = await client.predictions.explain(of, request.body, query, { signal })
    return cli.output.result((await answer.json()) as ImageExplanations, () => '')
  }
  const path = flags.output ?? pictureName(name!)
  const save = { force: flags.force === true }
  await assertFree(path, save)
  const format = flags.mapOnly ? 'heatMap' : 'overlay'
  const picture = await client.predictions.explain(
    of,
    request.body,
    { ...query, format },
    { signal },
  )
  const about = JSON.parse(picture.headers.get('explanation') ?? '{}') as Partial<ImageExplanations>
  sayNotes(cli, JSON.parse(picture.headers.get('prediction-notes') ?? '[]'))
  const bytes = path === '-' ? await saveBody(cli, picture, path, save) : await saved()
  if (path !== '-')
    cli.output.result({ ...about, file: path, bytes }, () => pictureText(about, path, bytes))

  async function saved(): Promise<number> {
    const content = new Uint8Array(await picture.arrayBuffer())
    await saveText(path, content, save)
    return content.length
  }
}

/** One file may be too large for one request. */
async function theRequest(
  requests: AsyncGenerator<PredictionRequest>,
  name: string,
): Promise<PredictionRequest> {
  const { value } = await requests.next()
  const { done } = await requests.next()
  if (value && done) return value
  throw usageError(`${name} has more rows than one request takes; explain some of them`)
}

/** In the current folder: one that is full of training images gets no picture that is none. */
const pictureName = (name: string) =>
  `${name === '-' ? 'image' : basename(name, extname(name))}.explained.png`

function pictureText(about: Partial<ImageExplanations>, path: string, bytes: number): string {
  const { target, predicted } = about as { target?: Named; predicted?: Named }
  const what = target ? `what speaks for '${printable(target.label)}'` : 'what speaks for the class'
  const other =
    predicted && target && predicted.label !== target.label
      ? ` (predicted: '${printable(predicted.label)}')`
      : ''
  return `${path} (${formatBytes(bytes)}) shows ${what}${other}`
}

interface Named {
  label: string
}

const maxRows = 20

interface Contribution {
  column: string
  amount: number
}
const columns: readonly Column<Contribution>[] = [
  { title: 'COLUMN', value: ({ column }) => column },
  { title: 'ADDS', value: ({ amount }) => signed(amount), align: 'right' },
]

const signed = (value: number) => `${value > 0 ? '+' : ''}${formatMetric(value)}`

function showRows(cli: Cli, answer: RowExplanations): void {
  const { output } = cli
  if (!output.isJson) sayNotes(cli, answer.notes)
  output.result(answer, ({ explanations }) =>
    explanations
      .slice(0, maxRows)
      .map(({ target, value, margin, bias, contributions }, i) => {
        const about = target
          ? `speaks for '${printable(target.label)}'`
          : `makes ${formatMetric(value)}`
        const rows = Object.entries(contributions)
          .map(([column, amount]) => ({ column, amount }))
          .sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount))
        return [
          output.style('bold', `row ${i}: what ${about}`),
          table(rows, columns, output.width, text => text),
          `bias ${signed(bias)}, sum ${signed(margin)}`,
        ].join('\n')
      })
      .join('\n\n'),
  )
  const rest = answer.explanations.length - maxRows
  if (rest > 0 && !output.isJson) output.note(`… and ${rest} more rows (--json has all)`)
}

function sayNotes({ output }: Cli, notes: readonly { message: string }[]): void {
  for (const { message } of notes) output.note(wrap(message, output.width, 'note: '))
}
