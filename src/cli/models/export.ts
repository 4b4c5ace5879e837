import type { Command } from 'commander'
import { formatBytes } from '../../presentation/units.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { assertFree, saveBody } from '../files/save.js'
import { isTrees } from './model-words.js'
import { addVersionOptions, chooseModel, type VersionFlags } from './version-options.js'

/** What the API calls each format, and how its file ends; `savedmodel` is the archive of the model. */
const formats = {
  onnx: { format: 'onnx', ending: 'onnx' },
  savedmodel: { format: null, ending: 'savedmodel.tar' },
  tfjs: { format: 'tfjs', ending: 'tfjs.tar' },
  checkpoint: { format: 'checkpoint', ending: 'ckpt.tar' },
  xgboost: { format: 'ubj', ending: 'ubj' },
  ubj: { format: 'ubj', ending: 'ubj' },
  json: { format: 'json', ending: 'json' },
} as const
type Format = keyof typeof formats

interface ExportFlags extends VersionFlags {
  format?: string
  output?: string
  force?: boolean
}

/** `trainyard export`: a model as a file of another runtime. */
export function addExport(program: Command, cli: Cli): void {
  const command = program
    .command('export')
    .summary('download a model for another runtime')
    .description('Download a model in the format of another runtime.')
    .argument('<model>', 'its name, if wanted with a version or alias: digits@3, digits@production')
    .option(
      '-f, --format <format>',
      'onnx (the default); of networks savedmodel, tfjs, checkpoint; of trees xgboost (ubj), json',
    )
    .option('-o, --output <file>', 'where to write it, - for stdout; by default MODEL-VERSION.onnx')
    .option('--force', 'replace a file that is there')
  addVersionOptions(command).action(async (text: string, flags: ExportFlags) => {
    const { force = false } = flags
    const name = parseFormat(flags.format ?? 'onnx')
    const { model, query } = chooseModel(text, flags)
    const client = await cli.client()
    const found = await client.models.get(model, query)
    // two requests for the alias might get two versions
    const version = { version: found.version }
    const { format, ending } = formats[name]
    const path = flags.output ?? `${model}-${found.version}.${ending}`
    await assertFree(path, { force })
    if (format === null && isTrees(found)) {
      throw usageError(
        `'${model}' is a model of trees, which has no SavedModel; use onnx, xgboost or json`,
      )
    }
    const options = { signal: cli.interrupted }
    const answer =
      format === null
        ? await client.models.download(model, version, options)
        : await client.models.export(model, format, version, options)
    const bytes = await saveBody(cli, answer, path, { force })
    if (path === '-') return
    const result = { model, ...version, format: name, file: path, bytes }
    cli.output.result(result, () => `${path} (${formatBytes(bytes)})`)
  })
}

function parseFormat(format: string): Format {
  if (Object.hasOwn(formats, format)) return format as Format
  throw usageError(`--format is '${format}', expected ${Object.keys(formats).join(', ')}`)
}
